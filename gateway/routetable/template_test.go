package routetable

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParams(t *testing.T) {
	for _, tc := range []struct {
		pattern, path string
		want          map[string]string
	}{
		{"/cart", "/cart", map[string]string{}},
		{"/cart/{id}", "/cart/7", map[string]string{"id": "7"}},
		{"/cart/{id}/items/{item}", "/cart/7/items/8", map[string]string{"id": "7", "item": "8"}},
		{"/files/{path...}", "/files/a//b/", map[string]string{"path": "a//b/"}},
		{"/files/{path...}", "/files/", map[string]string{"path": ""}},
		{"/files/", "/files/a", map[string]string{}},
		{"/{x}/{$}", "/a/", map[string]string{"x": "a"}},
		{"/{x}", Canonical("/a%2fb%25"), map[string]string{"x": "a/b%"}},
		{"/{x...}", Canonical("/a%2fb%25/c"), map[string]string{"x": "a%2Fb%25/c"}},
		{"/{x}", Canonical("/%2e%2e%2f%0d%0a"), map[string]string{"x": "../\r\n"}},
		{"/{x}", Canonical("/%252e%252e"), map[string]string{"x": "%2e%2e"}},
	} {
		p := mustParse(t, tc.pattern)
		if diff := cmp.Diff(tc.want, p.Params(tc.path)); diff != "" {
			t.Errorf("%s of %s (-want +got)\n%s", tc.pattern, tc.path, diff)
		}
	}
}

func mustParse(t *testing.T, text string) Pattern {
	t.Helper()
	p, err := ParsePattern(text)
	if err != nil {
		t.Fatalf("ParsePattern(%q): %v", text, err)
	}
	return p
}

func TestTemplate(t *testing.T) {
	for _, tc := range []struct{ pattern, template, raw, want string }{
		{"/shop/cart/{id}", "/v2/carts/{id}", "/shop/cart/7", "/v2/carts/7"},
		{"/shop/cart/{id}", "/", "/shop/cart/7", "/"},
		{"/shop/cart/{id}", "/v2/{id}/", "/shop/cart/7", "/v2/7/"},
		{"/a/{x}/{y}", "/{y}/{x}", "/a/1/2", "/2/1"},
		{"/a/{x}", "/{x}/{x}", "/a/1", "error"},
		{"/files/{path...}", "/v2/{path...}", "/files/a/b%20c/", "/v2/a/b%20c/"},
		{"/files/{path...}", "/v2/{path...}", "/files/", "/v2/"},
		{"/files/{path...}", "/{path...}", "/files//host/x", "//host/x"},
		{"/a/{x}", "/b/{x}", "/a/..%2f..%2fetc", "/b/..%2F..%2Fetc"},
		{"/a/{x}", "/b/{x}", "/a/c%3Fd%23e%3Bf", "/b/c%3Fd%23e%3Bf"},
		{"/a/{x}", "/b/{x}", "/a/%250d%0d", "/b/%250d%0D"},
		{"/a/{x}", "/b/{x}", "/a/%252e%252e", "/b/%252e%252e"},
		{"/a/{x...}", "/b/{x...}", "/a/%252e%252e/c", "/b/%252e%252e/c"},
		{"/a", "/caf%C3%A9/a%2Fb", "/a", "/caf%C3%A9/a%2Fb"},
		{"/a/{x}", "/b/{y}", "/a/1", "error"},
		{"/a/{x}", "/b/{x...}", "/a/1", "error"},
		{"/a/{x...}", "/b/{x}", "/a/1", "error"},
		{"/a/", "/b/{$}", "/a/", "error"},
		{"/a/", "/b/../c", "/a/", "error"},
		{"/a/", "/b//c", "/a/", "error"},
		{"/a/", "/b?c", "/a/", "error"},
		{"/a/", "b", "/a/", "error"},
	} {
		p := mustParse(t, tc.pattern)
		template, err := ParseTemplate(tc.template, p)
		got := "error"
		if err == nil {
			got = template.Fill(p.Params(Canonical(tc.raw)))
		}
		if got != tc.want {
			t.Errorf("%s, %s: %s becomes %s, want %s", tc.pattern, tc.template, tc.raw, got, tc.want)
		}
	}
}

// FuzzParseTemplate: whatever a client sends, the path that comes out is escaped
// well, and decodes to what the template says, segment by segment.
func FuzzParseTemplate(f *testing.F) {
	for _, template := range []string{"/v2/{id}", "/{p...}", "/a%2Fb/{id}/", "/{id}/{p...}", "/", "/;/{id}", "//", "/{id"} {
		for _, path := range []string{"/7/a/b", "/..%2f/%2e%2e/x", "/%252e%252e//", "/%00%0a?#;/\x7f\xff"} {
			f.Add(template, path)
		}
	}
	p, err := ParsePattern("/{id}/{p...}")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text, raw string) {
		template, err := ParseTemplate(text, p)
		path := Canonical(raw)
		if err != nil || !naiveMatches(p, "GET", path) {
			return
		}
		params := p.Params(path)
		if back := "/" + canonicalSegment(params["id"]) + "/" + params["p"]; back != path {
			t.Fatalf("the parameters %q of %q make %q", params, path, back)
		}
		got := template.Fill(params)
		want := ""
		for _, s := range template.segments {
			switch s.kind {
			case literal:
				want += "/" + s.text
			case wildcard:
				want += "/" + canonicalSegment(params["id"])
			case rest:
				want += "/" + params["p"]
			}
		}
		if template.slash || want == "" {
			want += "/"
		}
		if Canonical(got) != want {
			t.Fatalf("%q of %q is %q, which reads as %q, not %q", text, path, got, Canonical(got), want)
		}
		if u, err := url.ParseRequestURI(got); err != nil || u.EscapedPath() != got && got[:2] != "//" || u.RawQuery != "" {
			t.Fatalf("%q of %q is %q: net/url reads %v, %v", text, path, got, u, err)
		}
	})
}

func TestParseText(t *testing.T) {
	p := mustParse(t, "/{id}/x/{p...}")
	params := map[string]string{"id": "7 ä", "p": "a/b"}
	for text, want := range map[string]string{
		"":              "",
		"cart":          "cart",
		"cart {id}":     "cart 7 ä",
		"{p}{p}":        "a/ba/b",
		"{{{p}}}":       "{a/b}",
		"{{id}}":        "{id}",
		"}}{{":          "}{",
		"{":             "error",
		"}":             "error",
		"{}":            "error",
		"{id":           "error",
		"id}":           "error",
		"{other}":       "error",
		"{p...}":        "error",
		"{{p}":          "error",
		"{ id }":        "error",
		"{id}}":         "error",
		"a{{b}}c{id}}}": "a{b}c7 ä}",
	} {
		parsed, err := ParseText(text, p)
		got := "error"
		if err == nil {
			got = parsed.Fill(params)
		}
		if got != want {
			t.Errorf("ParseText(%q) fills to %q, %v; want %q", text, got, err, want)
		}
	}
	if _, err := ParseText("{}", mustParse(t, "/a/")); err == nil {
		t.Error("a trailing slash has a name")
	}
}

// A text comes out as it was put together.
func TestTextIsFilledOnce(t *testing.T) {
	p := mustParse(t, "/{a}/{b}")
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.StringOf(rapid.SampledFrom([]rune("{}ab%ü"))), 2, 2).Draw(t, "values")
		params := map[string]string{"a": values[0], "b": values[1]}
		var text, want strings.Builder
		for range rapid.IntRange(0, 6).Draw(t, "parts") {
			if name := draw(t, "a", "b", ""); name != "" {
				text.WriteString("{" + name + "}")
				want.WriteString(params[name])
				continue
			}
			literal := rapid.StringOf(rapid.SampledFrom([]rune("{}ab "))).Draw(t, "literal")
			text.WriteString(strings.NewReplacer("{", "{{", "}", "}}").Replace(literal))
			want.WriteString(literal)
		}
		parsed, err := ParseText(text.String(), p)
		if err != nil || parsed.Fill(params) != want.String() {
			t.Fatalf("%q with %q is %q, %v; want %q", text.String(), params, parsed.Fill(params), err, want.String())
		}
	})
}

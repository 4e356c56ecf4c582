package routetable

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/route"
)

func TestParts(t *testing.T) {
	p, err := ParsePattern("GET *.Example.com/a%2Fb/{id}/{rest...}")
	if err != nil {
		t.Fatal(err)
	}
	want := []Part{{Literal, "a%2Fb"}, {Wildcard, "id"}, {Rest, "rest"}}
	if diff := cmp.Diff(want, p.Parts()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if p.Method() != "GET" || p.Host() != "*.example.com" {
		t.Errorf("method %q, host %q", p.Method(), p.Host())
	}
	end, err := ParsePattern("/a/{$}")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Part{{Literal, "a"}, {End, ""}}, end.Parts()); diff != "" || end.Host() != "" {
		t.Errorf("host %q (-want +got)\n%s", end.Host(), diff)
	}
	template, err := ParseTemplate("/v2/{id}/", p)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Part{{Literal, "v2"}, {Wildcard, "id"}, {Rest, ""}}, template.Parts()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	text, err := ParseText("a {{b}} {id} {rest}", p)
	if err != nil {
		t.Fatal(err)
	}
	got := text.Write(func(s string) string { return "<" + s + ">" }, func(s string) string { return "$" + s })
	if diff := cmp.Diff([]string{"id", "rest"}, text.Names()); diff != "" || got != "<a {><b}>< >$id< >$rest" {
		t.Errorf("written as %q; names (-want +got)\n%s", got, diff)
	}
}

func TestCovers(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want bool
	}{
		{"/", "/a", true}, {"/a", "/", false}, {"/a", "/a", true}, {"/{x}", "/{y}", true},
		{"/{x}", "GET /a", true}, {"GET /{x}", "/a", false}, {"GET /a", "HEAD /a", true},
		{"/a/", "/a", false}, {"/a/", "/a/{$}", true}, {"example.com/", "/a", false}, {"*.example.com/", "www.example.com/a", true},
		{"/a/{x}", "/{y}/b", false}, {"/a", "/b", false},
	} {
		a, err := ParsePattern(tc.a)
		if err != nil {
			t.Fatal(err)
		}
		b, err := ParsePattern(tc.b)
		if err != nil {
			t.Fatal(err)
		}
		if got := Covers(a, b); got != tc.want {
			t.Errorf("Covers(%s, %s) is %v", tc.a, tc.b, got)
		}
	}
}

// Who owns a request wins over all others that match it, and none of them over it.
func TestWinsAgreesWithTheMatcher(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := route.Set{Backends: setOf().Backends}
		table, _ := Compile(set, Options{})
		for range 8 {
			d := route.Definition{ID: string(rune('a' + len(set.Routes))), Match: drawPattern(t)}
			if seldom(t, 3) {
				d.When.Header = map[string]route.Wanted{"X": "1"}
			}
			more := set
			more.Routes = append(set.Routes[:len(set.Routes):len(set.Routes)], d)
			if compiled, problems := Compile(more, Options{}); !problems.HasErrors() {
				set, table = more, compiled
			}
		}
		for range 20 {
			q := *drawRequest(t)
			q.Header["X"] = []string{"1"}
			matching := table.Matching(q)
			for _, other := range matching[1:] {
				if !Wins(matching[0], other) || Wins(other, matching[0]) {
					t.Fatalf("%s %s%s: owned by %s, which Wins denies over %s", q.Method, q.Host, q.Path, matching[0].Pattern, other.Pattern)
				}
			}
		}
	})
}

package routefile

import (
	"fmt"
	"strings"
	"testing"
)

func TestShape(t *testing.T) {
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for _, tc := range []struct{ name, text, want string }{
		{"many routes in blocks", "routes:\n" + many(5000, "  - id: r%d\n    match: /a\n"), ""},
		{"and not indented", "routes:\n" + many(5000, "- id: r%d\n  match: /a\n") + "backends: {}\n", ""},
		{"many routes in braces", "routes:\n" + many(5000, "  - { id: r%d, match: /a }\n"), ""},
		{"brackets in comments and texts", "routes: []\n" + many(100, "# see [%d and {\n") + "defaults: { owner: \"[[[[\" }\n", ""},
		{"many documents of few keys", many(5000, "---\nk%d: {}\n"), "more than one YAML document"},
		{"many keys", "backends:\n" + many(maxKeys+1, "  b%d: {}\n"), "f.yaml:2002:3: syntax: the mapping has more than 2000 keys"},
		{"many keys in braces", "backends: {\n" + many(maxKeys+1, "b%d: {},\n") + "}", "f.yaml:2002:1: syntax: the mapping has more than 2000 keys"},
		{"many keys with question marks", many(maxKeys+1, "? k%d\n"), "syntax: the mapping has more than 2000 keys"},
		{"many keys that are quoted", many(maxKeys+1, "\"k%d\": v\n"), "syntax: the mapping has more than 2000 keys"},
		{"many keys in a list", "routes:\n- id: a\n" + many(maxKeys+1, "  k%d: v\n"), "syntax: the mapping has more than 2000 keys"},
		{"many items", "routes:\n" + strings.Repeat("- {}\n", maxItems+1), "f.yaml:200002:1: syntax: the list has more than 200000 entries"},
		{"many items in brackets", "routes: [\n" + strings.Repeat("a,\n", maxItems+1), "f.yaml:200002:2: syntax: the list has more than 200000 entries"},
		{"many lines", strings.Repeat("\n", maxParts+1), "f.yaml: syntax: the file has more than 1048576 lines and commas"},
		{"deep brackets", strings.Repeat("[", 100), "f.yaml:1:65: syntax: more than 64 lists and mappings"},
		{"deep braces", strings.Repeat("{a: ", 100), "more than 64 lists and mappings"},
		{"deep dashes", strings.Repeat("- ", 100), "f.yaml:1:129: syntax: more than 64 lists and mappings"},
		{"closing alone", "]}]}]}", "syntax"},
	} {
		_, problems := parse(tc.text)
		if got := problems.Error(); tc.want == "" && strings.Contains(got, "more than") || !strings.Contains(got, tc.want) {
			t.Errorf("%s: got %.300s, want %q", tc.name, got, tc.want)
		}
	}
}

func TestDeepIndentation(t *testing.T) {
	var b strings.Builder
	for i := range 100 {
		b.WriteString(strings.Repeat(" ", i) + "k:\n")
	}
	if _, problems := parse(b.String()); !strings.Contains(problems.Error(), "f.yaml:65:65: syntax: more than 64 lists and mappings") {
		t.Error(problems)
	}
}

// Beyond a bound problems are counted no more, but the file is still read to its end,
// so that nothing it defines seems to be missing.
func TestManyProblems(t *testing.T) {
	text := "routes:\n" + strings.Repeat("  - { x: 1 }\n", maxProblems+500) + "  - { id: last, match: /last }\n"
	set, problems := parse(text)
	if n := len(problems); n != maxProblems+1 || problems[n-1].Code != "too_many" || problems[n-1].Origin.Line != maxProblems+2 {
		t.Errorf("%d problems, the last: %v", n, problems[n-1])
	}
	if n := len(set.Routes); set.Routes[n-1].ID != "last" {
		t.Errorf("%d routes, the last: %+v", n, set.Routes[n-1])
	}
}

// A key that looks like the path of something else leads nowhere, and not to a panic.
func TestKeysThatLookLikePaths(t *testing.T) {
	for _, key := range []string{"a[-1]", "a[0]", "a[99]", "a[x]", "a[", "a.b", ".", "[0]"} {
		folder := &Folder{Files: []File{{Name: "routes/f.yaml", Data: fmt.Appendf(nil, "a: [1]\n%q: 2\n", key)}}}
		_, problems := folder.Parse(none)
		for i := range problems {
			problems[i].Origin.Line = 0 // as of a finding made on values
		}
		folder.Locate(problems)
		for _, p := range problems {
			if p.Origin.Line == 0 {
				t.Errorf("%q: no line: %v", key, p)
			}
		}
	}
}

// What a terminal would obey is not shown as it stands.
func TestShownLineIsPrintable(t *testing.T) {
	_, problems := parse("x: 1 # \x1b[31mred\u202e\n")
	if len(problems) != 1 || problems[0].Line != "x: 1 # \ufffd[31mred\ufffd" {
		t.Errorf("got %q", problems[0].Line)
	}
}

package routetable

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ficus/gateway/route"
)

func TestBoth(t *testing.T) {
	for _, tc := range []struct{ a, b, want string }{
		{"/a/{x}", "GET /{y}/b", "GET /a/b"},
		{"/a/{x}", "/{y}/{z}", "/a/{x}"},
		{"/{x}/b", "/a/{y...}", "/a/b"},
		{"/{x}/{y}", "/a/{y...}", "/a/{y}"},
		{"/a/", "/{x}/{$}", "/a/{$}"},
		{"/{x}/", "/a/{r...}", "/a/{r...}"},
		{"GET /a/", "/{x}/b/", "GET /a/b/"},
		{"*.io/a/", "GET h.io/{x}/", "GET h.io/a/"},
		{"GET /a", "HEAD /{x}", "HEAD /a"},
		{"/caf%C3%A9/{x}", "/{y}/%7B%7D", "/caf%C3%A9/%7B%7D"},
		{"/a", "/a/", ""},
		{"/a/{$}", "/a/{x}", ""},
		{"GET /a", "POST /a", ""},
		{"h.io/a", "*.h.io/a", ""},
	} {
		for range 2 {
			a, b := entryOf(t, tc.a), entryOf(t, tc.b)
			got := ""
			if both, ok := Both(a, b); ok {
				got = both.Pattern.String()
			}
			if got != tc.want && cmp.Diff(shapeOf(t, tc.want), shapeOf(t, got)) != "" {
				t.Errorf("%q and %q: got %q, want %q", tc.a, tc.b, got, tc.want)
			}
			tc.a, tc.b = tc.b, tc.a
		}
	}
}

func shapeOf(t *testing.T, text string) string {
	if text == "" {
		return ""
	}
	return entryOf(t, text).Pattern.Shape()
}

func entryOf(t *testing.T, text string) *Entry {
	t.Helper()
	p, err := ParsePattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return &Entry{ID: text, Pattern: p}
}

func TestShape(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		same bool
	}{
		{"GET /a/{x}", "GET /a/{y}", true},
		{"/a/", "/a/{rest...}", true},
		{"H.io/%61", "h.io/a", true},
		{"/%7B%7D", "/{x}", false},
		{"/a/{$}", "/a/", false},
		{"/a", "GET /a", false},
		{"*.h.io/", "h.io/", false},
	} {
		if same := shapeOf(t, tc.a) == shapeOf(t, tc.b); same != tc.same {
			t.Errorf("%q and %q: same shape %v", tc.a, tc.b, same)
		}
	}
}

// The walk along the trees finds what comparing with every entry finds; of two entries
// that match a request the one that comes first beats the other; and a request that
// matches both matches what they have in common.
func TestOverlappingAndBeats(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := setOf()
		table, _ := Compile(set, Options{})
		for _, d := range drawSet(t, true).Routes {
			more := set
			more.Routes = append(slices.Clone(set.Routes), d)
			if compiled, _ := Compile(more, Options{}); compiled != nil { // else it is in conflict
				set, table = more, compiled
			}
		}
		asked := draw(t, table.Entries...)
		if seldom(t, 2) {
			p, err := ParsePattern(drawPattern(t))
			if err != nil {
				t.Fatal(err)
			}
			conditions := drawConditions(t)
			asked = &Entry{Pattern: p, When: compileConditions(&conditions)}
		}
		got := slices.Clone(table.Overlapping(asked))
		want := slices.DeleteFunc(slices.Clone(table.Entries), func(e *Entry) bool { return !Overlap(asked, e) })
		slices.SortFunc(got, func(a, b *Entry) int { return a.Index - b.Index })
		if !slices.Equal(got, want) {
			t.Fatalf("%q overlaps with %d entries, naively %d", asked.Pattern, len(got), len(want))
		}
		for range 20 {
			r := drawRequest(t)
			matching := table.Matching(*r)
			for i, e := range matching {
				for _, later := range matching[i+1:] {
					both, ok := Both(e, later)
					if !Beats(e, later) || Beats(later, e) || !ok || !matchesEntry(both, r) {
						t.Fatalf("%s %s%s goes to %q before %q", r.Method, r.Host, r.Path, e.Pattern, later.Pattern)
					}
				}
			}
		}
	})
}

// matchesEntry asks a table that holds nothing but the entry.
func matchesEntry(e *Entry, r *Request) bool {
	alone := hostIndex{}
	alone.insert(e)
	again := *r
	return alone.match(&again) == e
}

func TestUndecided(t *testing.T) {
	set := setOf("GET /a", "GET /a", "POST /g", "/c", "/q")
	set.Routes[1].When.Header = map[string]route.Wanted{"X-A": "1"}
	set.Routes[2].When.GraphQL.Fields = []string{"f"}
	set.Routes[3].When.Cookie = map[string]route.Wanted{"c": "1"}
	set.Routes[4].When.Query = map[string]route.Wanted{"q": "1"}
	table, problems := Compile(set, Options{})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	for _, tc := range []struct {
		method, path string
		header       map[string][]string
		seen         Seen
		want         bool
	}{
		{"GET", "/a", nil, Seen{}, true},
		{"GET", "/a", nil, Seen{Headers: true}, false},
		{"GET", "/a", map[string][]string{"X-A": {"1"}}, Seen{Headers: true}, false},
		{"POST", "/g", nil, Seen{Headers: true, Cookies: true}, true},
		{"POST", "/g", nil, Seen{Headers: true, Cookies: true, Bodies: true}, false},
		{"GET", "/c", nil, Seen{Headers: true}, true},
		{"GET", "/c", nil, Seen{Cookies: true}, false},
		{"GET", "/q", nil, Seen{}, false},
		{"GET", "/other", nil, Seen{}, false},
	} {
		r := Request{Method: tc.method, Path: tc.path, Header: tc.header}
		if got := table.Undecided(r, tc.seen); got != tc.want {
			t.Errorf("%s %s, seen %+v: %v", tc.method, tc.path, tc.seen, got)
		}
	}
}

// Many routes of one pattern have an index, in which what is seen leads the way.
func TestUndecidedAmongRivals(t *testing.T) {
	var matches []string
	for range 3 * few {
		matches = append(matches, "/a")
	}
	set := setOf(matches...)
	for i := range set.Routes[1:] {
		when := &set.Routes[1+i].When
		when.Header = map[string]route.Wanted{"X-Tenant": route.Wanted(fmt.Sprintf("t%d", i))}
		if i%2 == 0 {
			when.Cookie = map[string]route.Wanted{"beta": "1"}
		}
	}
	table, problems := Compile(set, Options{})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	header := func(tenant string) http.Header { return http.Header{"X-Tenant": {tenant}} }
	for _, tc := range []struct {
		header http.Header
		seen   Seen
		want   bool
	}{
		{nil, Seen{}, true},
		{nil, Seen{Headers: true}, false},
		{header("other"), Seen{Headers: true}, false},
		{header("t1"), Seen{Headers: true}, false},
		{header("t2"), Seen{Headers: true}, true},
		{header("t2"), Seen{Headers: true, Cookies: true}, false},
		{nil, Seen{Cookies: true}, true},
	} {
		r := Request{Method: "GET", Path: "/a", Header: tc.header}
		if got := table.Undecided(r, tc.seen); got != tc.want {
			t.Errorf("%v, seen %+v: %v", tc.header, tc.seen, got)
		}
	}
}

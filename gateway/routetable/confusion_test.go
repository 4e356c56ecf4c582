package routetable

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ficus/gateway/route"
)

func confusing(t testing.TB, rest string, routes ...route.Definition) *Table {
	t.Helper()
	set := route.Set{Backends: []route.Backend{{Name: "legacy", Addresses: []string{"http://127.0.0.1:1"}}}, Routes: routes}
	set.Rest.Policy = rest
	table, problems := Compile(set, Options{AnyPolicy: true})
	if problems.HasErrors() {
		t.Fatal(problems.Text())
	}
	return table
}

func under(policy, match string) route.Definition {
	return route.Definition{ID: "r" + hexOf(match), Match: match, Settings: route.Settings{Policy: policy}}
}

func hexOf(text string) string {
	const digits = "0123456789abcdef"
	var id []byte
	for i := range len(text) {
		id = append(id, digits[text[i]>>4], digits[text[i]&15])
	}
	return string(id)
}

func ownReadings(table *Table, raw string) ([]string, bool) {
	r := Request{Method: "GET", Path: Canonical(raw)}
	return table.Unambiguous(table.Match(&r), raw, r)
}

// A twin counts only where a policy guards it that says more about it than the route that
// owns the path: whoever writes a path down has said what is to become of it.
func TestTwins(t *testing.T) {
	for _, tc := range []struct {
		name        string
		table       *Table
		refused, ok []string
	}{
		{"one guarded path", confusing(t, "", under("a", "/admin")),
			[]string{"/admin/", "/ADMIN", "/Admin/", "/admin.json", "/admin.tar.gz", "/admin/index.html", "/admin/Default.aspx", "/index.php/admin", "/x.PHP/admin", "/admin.json/"},
			[]string{"/admin", "/admin/x", "/administration", "/admin/indexes", "/.admin", "/x.admin", "/admin-x.json"}},
		{"a guarded tree", confusing(t, "", under("a", "/admin/")),
			[]string{"/admin", "/Admin", "/ADMIN/x", "/admin.json", "/index.php/admin/x"},
			[]string{"/admin/", "/admin/x", "/admin/x.json", "/admin/X/index.html"}},
		{"a public tree in a guarded table", confusing(t, "b", under(route.PolicyPublic, "/docs/")),
			nil, []string{"/docs/", "/docs", "/docs/x.html", "/docs/index.html", "/DOCS/x", "/", "/index.php"}},
		{"a public page above a guarded tree", confusing(t, "", under(route.PolicyPublic, "/account"), under("a", "/account/{rest...}")),
			nil, []string{"/account", "/account/", "/account/x"}},
		{"a public tree below a guarded page", confusing(t, "", under("a", "/account"), under(route.PolicyPublic, "/account/{rest...}")),
			[]string{"/account/", "/account/index.php"}, []string{"/account", "/account/x", "/account/x.json"}},
		{"capitals", confusing(t, "", under("a", "/Account/{id}"), under(route.PolicyPublic, "/{page}"), under(route.PolicyPublic, "/account/login")),
			[]string{"/account/7", "/ACCOUNT/7"}, []string{"/Account/7", "/account/login", "/account", "/Account"}},
		{"a script", confusing(t, "", under("a", "/admin.php")),
			[]string{"/admin.php/x", "/Admin.php", "/admin.php/"}, []string{"/admin.php", "/admin", "/x.php/y"}},
		{"a page with what follows it", confusing(t, "", under("a", "/admin.aspx"), under("b", "/cgi-bin/admin.pl")),
			[]string{"/admin.aspx/x", "/Admin.ASPX/x/y", "/cgi-bin/admin.pl/x"}, []string{"/admin.aspx", "/login.aspx/x", "/admin.aspxx/x", "/users/admin.pl/x"}},
		{"names with dots", confusing(t, "", under("a", "/users/{name}"), under(route.PolicyPublic, "/users/")),
			nil, []string{"/users/john.doe", "/users/john.doe/photo", "/users/john.doe/photo.jpeg"}},
		{"streams of NTFS", confusing(t, "", under("a", "/admin/")),
			[]string{"/admin::$INDEX_ALLOCATION/x", "/admin:$i30:$INDEX_ALLOCATION/x"}, []string{"/a:b", "/a:b/$c", "/$a", "/v1/users:search"}},
		{"a root", confusing(t, "", under("a", "/{$}")),
			[]string{"/index.html", "/index.php"}, []string{"/", "/.well-known", "/favicon.ico", "/login.php"}},
		{"only observed", confusing(t, "", route.Definition{ID: "r", Match: "/admin", Settings: route.Settings{Policy: "a", Mode: route.Observe}}),
			nil, []string{"/admin/", "/Admin", "/admin.json"}},
		{"the backend reads as the gateway does", confusing(t, "", under("a", "/admin"), route.Definition{ID: "x", Match: "/admin/", Settings: route.Settings{Policy: route.PolicyPublic, Paths: route.ExactReading}}),
			nil, []string{"/admin/", "/admin/..%2f..%2fadmin"}},
	} {
		for _, raw := range tc.refused {
			if _, ok := ownReadings(tc.table, raw); ok {
				t.Errorf("%s: %s is not refused", tc.name, raw)
			}
		}
		for _, raw := range tc.ok {
			if _, ok := ownReadings(tc.table, raw); !ok {
				t.Errorf("%s: %s is refused", tc.name, raw)
			}
		}
	}
}

// Entries that are not among those asked for take and guard nothing, however many share
// their pattern.
func TestAmong(t *testing.T) {
	routes := []route.Definition{under("a", "/admin"), under("a", "/admin/"), under("b", "/{page}"), under("c", "/Admin/{id}")}
	for i := range 2 * few {
		d := under("d", "/{page}")
		d.ID, d.When = "tenant"+strconv.Itoa(i), route.Conditions{Header: map[string]route.Wanted{"X-Tenant": route.Wanted(strconv.Itoa(i))}}
		routes = append(routes, d)
	}
	table := confusing(t, "a", routes...)
	for _, tc := range []struct {
		raw     string
		without []string // patterns
		owner   string
		ok      bool
	}{
		{"/admin", nil, "/admin", true},
		{"/admin", []string{"/admin"}, "/{page}", false},
		{"/admin", []string{"/admin", "/{page}"}, "", true},
		{"/admin", []string{"/admin", "/{page}", ""}, "", false},
		{"/admin", []string{"/admin", "/{page}", "", "/admin/", "/Admin/{id}"}, "", true},
		{"/admin/x", []string{"/admin/"}, "", false},
	} {
		r := Request{Method: "GET", Path: tc.raw, Header: http.Header{"X-Tenant": {"7"}}}
		r.Among = func(e *Entry) bool { return !slices.Contains(tc.without, e.Pattern.String()) }
		e := table.Match(&r)
		if _, ok := table.Unambiguous(e, tc.raw, r); e.Pattern.String() != tc.owner || ok != tc.ok {
			t.Errorf("%s without %q: of %q, %v; want %q, %v", tc.raw, tc.without, e.Pattern, ok, tc.owner, tc.ok)
		}
	}
}

// What {name...} takes is read in lower case too, what {name} takes has its case.
func TestReadingsInLowerCase(t *testing.T) {
	table := confusing(t, "", under("a", "/tree/{rest...}"), under("b", "/user/{id}"))
	if own, ok := ownReadings(table, "/tree/Admin"); !ok || !slices.Equal(own, []string{"/tree/admin"}) {
		t.Errorf("of a tree: %q, %v", own, ok)
	}
	if own, ok := ownReadings(table, "/user/U1"); !ok || len(own) > 0 {
		t.Errorf("of a value: %q, %v", own, ok)
	}
}

// What a client can make the gateway look at is bounded.
func TestPathsThatCostTooMuch(t *testing.T) {
	table := confusing(t, "", under("a", "/admin"))
	for raw, want := range map[string]bool{
		"/x" + strings.Repeat("/b", 30<<10): true, "/x%20" + strings.Repeat("/b", maxOdd/2): false, "/x%20" + strings.Repeat("/b", maxOdd/2-3): true,
		strings.Repeat("/a.php", 4) + "/x": true, strings.Repeat("/a.php", 10_000): false, "/x" + strings.Repeat(".a", 10_000): true,
		"/A%2f;b//%5c..%252f%c0%af. %3f#": false,
	} {
		if _, ok := ownReadings(table, raw); ok != want {
			t.Errorf("%.40s: %v, want %v", raw, ok, want)
		}
	}
}

func TestUnambiguousAllocatesNothing(t *testing.T) {
	for name, table := range map[string]*Table{
		"lower case": confusing(t, "", under("a", "/api/{id}"), under("b", "/admin/")),
		"capitals":   confusing(t, "", under("a", "/api/{id}"), under("b", "/Admin/")),
	} {
		r := Request{Method: "GET", Path: "/api/7.json"}
		e := table.Match(&r)
		if n := testing.AllocsPerRun(100, func() { table.Unambiguous(e, "/api/7.json", r) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkUnambiguous(b *testing.B) {
	table := confusing(b, "", under("a", "/api/{id}"), under("b", "/admin/"), under("b", "/Admin/"))
	worst := "/%20x;y//b%2fc" + strings.Repeat("/X.php", maxScripts) + "/a.b.c.d.e.f.g.h.i"
	worst += strings.Repeat("/B", (maxOdd-len(worst))/2)
	for _, raw := range []string{"/api/7", "/api/7.json", "/api/a%20b", "/api/a%2f..;x//%252e", worst} {
		b.Run(raw[:min(len(raw), 20)], func(b *testing.B) {
			r := Request{Method: "GET", Path: Canonical(raw)}
			e := table.Match(&r)
			b.ReportAllocs()
			for b.Loop() {
				table.Unambiguous(e, raw, r)
			}
		})
	}
}

package routetable

import (
	"slices"
	"strings"
	"testing"
)

func TestReadings(t *testing.T) {
	for _, tc := range []struct {
		raw  string
		want []string // among others
	}{
		{"/api/orders/7", nil},
		{"/", nil},
		{"/a.b/c.html", nil},
		{"/public%2fadmin", []string{"/public/admin"}},
		{"/public%2F..%2Fadmin", []string{"/admin", "/public/../admin"}},
		{"/public%252F..%252fadmin", []string{"/admin"}},
		{"/public%5c..%5Cadmin", []string{"/admin"}},
		{`/public\..\admin`, []string{"/admin"}},
		{"/public;x=1/../admin", []string{"/public/../admin", "/public;x=1/../admin"}},
		{"/admin;jsessionid=1", []string{"/admin"}},
		{"/admin%3bx", []string{"/admin"}},
		{"//admin", []string{"/admin"}},
		{"/public//../admin", []string{"/admin"}},
		{"/admin.", []string{"/admin"}},
		{"/admin%20", []string{"/admin"}},
		{"/admin%2e", []string{"/admin"}},
		{"/public/../admin", []string{"/public/../admin"}},
		{"/admin%3f.css", []string{"/admin"}},
		{"/admin%00.css", []string{"/admin"}},
		{"/admin%23x", []string{"/admin"}},
		{"/Admin", []string{"/admin"}},
		{"/ADMIN%2FX;y", []string{"/admin/x"}},
	} {
		got, ok := Readings(tc.raw)
		if !ok {
			t.Errorf("%s: too many readings", tc.raw)
		}
		if tc.want == nil && len(got) > 0 {
			t.Errorf("%s: readings %q", tc.raw, got)
		}
		for _, want := range tc.want {
			if !slices.Contains(got, want) {
				t.Errorf("%s: no reading %s among %q", tc.raw, want, got)
			}
		}
	}
}

func TestPlainPathsCostNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { Readings("/api/orders/7/items.json") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Readings are bounded, never repeat, and never are the path's own canonical form.
func FuzzReadings(f *testing.F) {
	for _, seed := range []string{"/a%2Fb", "/a%25252Fb", "/%2e%2e;/A\\b.", "//.%00", "/a%3f%23;%5c. "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if raw == "" || raw[0] != '/' || len(raw) > 4096 {
			return
		}
		own := Canonical(raw)
		paths, ok := Readings(raw)
		if !ok {
			return
		}
		if most := 2 * (2*maxReadings + 1); len(paths) > most { // with dots and without, and each in lower case
			t.Errorf("%d readings", len(paths))
		}
		for i, p := range paths {
			if p == own || slices.Contains(paths[:i], p) {
				t.Errorf("%q of %q stands there already", p, raw)
			}
		}
		if len(paths) == 0 && strings.Contains(strings.ToLower(raw), "%2f") {
			t.Errorf("%q has a slash that is escaped, and one reading", raw)
		}
	})
}

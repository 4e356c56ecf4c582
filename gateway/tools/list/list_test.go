package list

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ficus/gateway/control"
	"ficus/gateway/routetable"
)

var update = flag.Bool("update", false, "write what is printed now into the golden files")

func tableOf(t *testing.T, folder string) *routetable.Table {
	t.Helper()
	v := control.Check(os.DirFS(folder), "routes", func(string) (string, bool) { return "", false }, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
	if v.Table == nil {
		t.Fatal(v.Problems.Text())
	}
	return v.Table
}

func TestPrint(t *testing.T) {
	for _, tc := range []struct {
		name, folder, order string
		filter              Filter
		width               int
	}{
		{"wide.txt", "testdata/routes", "id", Filter{}, 0},
		{"100.txt", "testdata/routes", "id", Filter{}, 100},
		{"60.txt", "testdata/routes", "id", Filter{}, 60},
		{"checkout.txt", "testdata/routes", "stage", Filter{Owners: []string{"team-checkout"}, Stages: []string{"canary", "new"}}, 100},
		{"nothing.txt", "testdata/routes", "id", Filter{Groups: []string{"absent"}}, 100},
		{"shipped.txt", "../../../routes", "id", Filter{}, 100},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l, err := Of(tableOf(t, tc.folder), tc.filter, tc.order)
			if err != nil {
				t.Fatal(err)
			}
			var text bytes.Buffer
			if err := l.Print(&text, tc.width); err != nil {
				t.Fatal(err)
			}
			compare(t, tc.name, text.String())
			for line := range strings.Lines(text.String()) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); tc.width > 80 && n > tc.width {
					t.Errorf("%d columns: %s", n, line)
				}
			}
		})
	}
}

func TestJSON(t *testing.T) {
	l, err := Of(tableOf(t, "testdata/routes"), Filter{}, "id")
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "list.json", string(got)+"\n")
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got)\n%s", path, diff)
	}
}

func ids(t *testing.T, filter Filter, order string) string {
	t.Helper()
	l, err := Of(tableOf(t, "testdata/routes"), filter, order)
	if err != nil {
		return err.Error()
	}
	var all []string
	for _, r := range l.Routes {
		all = append(all, r.ID)
	}
	return strings.ReplaceAll(strings.Join(all, " "), "catalog-products-of-a-shelf-by-their-price", "shelf")
}

func TestFilterAndOrder(t *testing.T) {
	for _, tc := range []struct {
		filter Filter
		order  string
		want   string
	}{
		{Filter{}, "id", "api cart-beta cart-read cart-write shelf catalog-search orders reviews"},
		{Filter{}, "match", "cart-write cart-read cart-beta orders reviews catalog-search api shelf"},
		{Filter{}, "stage", "api orders reviews cart-write cart-read cart-beta catalog-search shelf"},
		{Filter{}, "owner", "shelf cart-beta cart-read cart-write orders reviews api catalog-search"},
		{Filter{}, "file", "shelf catalog-search api cart-read cart-write cart-beta orders reviews"},
		{Filter{}, "name", `unknown order "name" (use id, match, stage, owner, file)`},
		{Filter{Stages: []string{"canary", "retired"}}, "id", "cart-read cart-write shelf"},
		{Filter{Stages: []string{"moved"}}, "id", `unknown stage "moved" (use legacy, shadow, canary, new or retired)`},
		{Filter{Groups: []string{"journey"}}, "id", "cart-beta cart-read cart-write orders reviews"},
		{Filter{Groups: []string{"api"}}, "id", "api"},
		{Filter{Owners: []string{None}}, "id", "api catalog-search"},
		{Filter{Backends: []string{"legacy"}}, "id", "api cart-read cart-write orders reviews"},
		{Filter{Backends: []string{"cart"}}, "id", "cart-beta cart-read cart-write reviews"},
		{Filter{Stages: []string{"shadow"}}, "id", "reviews"},
		{Filter{Backends: []string{None}}, "id", "api orders"},
		{Filter{Backends: []string{"cart"}, Stages: []string{"new"}}, "id", "cart-beta"},
		{Filter{Owners: []string{"nobody"}}, "id", ""},
	} {
		if got := ids(t, tc.filter, tc.order); got != tc.want {
			t.Errorf("%+v by %s:\ngot  %s\nwant %s", tc.filter, tc.order, got, tc.want)
		}
	}
}

// A folded text says what it said, and no line is too long.
func TestFold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(` {0,20}[a-z/{}. ,äß-]{0,60}[a-z]`).Draw(t, "text")
		width := rapid.IntRange(narrow, 70).Draw(t, "width")
		lines := fold(text, width)
		for i, line := range lines {
			if n := utf8.RuneCountInString(line); n > width || n == 0 {
				t.Errorf("line %d has %d of %d columns: %q", i, n, width, lines)
			}
		}
		squeeze := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if squeeze(strings.Join(lines, "")) != squeeze(text) {
			t.Errorf("%q became %q", text, lines)
		}
	})
}

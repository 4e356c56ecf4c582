package policy

import (
	"bytes"
	"context"
	"flag"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ficus/gateway/authz"
	"ficus/gateway/split"
	"ficus/gateway/tools/ask"
)

var update = flag.Bool("update", false, "write what is printed now into the golden file")

var now = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

func open(t testing.TB, folder string) *Folder {
	t.Helper()
	return Open(context.Background(), os.DirFS("testdata/"+folder), folder, os.LookupEnv, now)
}

// sound opens a folder that has no errors.
func sound(t testing.TB, folder string) *Folder {
	t.Helper()
	f := open(t, folder)
	if f.Problems.HasErrors() || f.Policies == nil {
		t.Fatal(f.Problems.Text())
	}
	return f
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("%s (-want +got)\n%s", path, diff)
	}
}

// written prints a report for people and as JSON, under a title.
func written(t *testing.T, b *bytes.Buffer, title string, report any, printed error) {
	t.Helper()
	if printed != nil {
		t.Fatal(printed)
	}
	text, err := marshalled(report, "  ")
	if err != nil {
		t.Fatal(err)
	}
	b.WriteString("\n# " + title + ", as JSON\n" + text + "\n\n")
}

func TestCheck(t *testing.T) {
	var b bytes.Buffer
	for _, folder := range []string{"routes", "bad", "lost", "unused", "alone", "absent"} {
		r := open(t, folder).Check(os.DirFS("testdata/" + folder))
		b.WriteString("# " + folder + "\n")
		written(t, &b, folder, &r, r.Print(&b, true))
	}
	golden(t, "check.txt", b.Bytes())
}

func TestTests(t *testing.T) {
	failing := fstest.MapFS{
		"a.rego":      {Data: []byte("package a\nallow if input.x\n")},
		"a_test.rego": {Data: []byte("package a_test\ntest_wrong if {\n\tprint(\"it is\", 7)\n\tdata.a.allow with input as {}\n}\n\ntest_right if true\n\ntest_two if data.a.allow == input.nothing\n")},
	}
	var b bytes.Buffer
	for _, tc := range []struct {
		name, filter string
		fsys         fs.FS
		verbose      bool
	}{
		{"routes", "", os.DirFS("testdata/routes"), true},
		{"routes", "", os.DirFS("testdata/routes"), false},
		{"routes", "small", os.DirFS("testdata/routes"), true},
		{"alone", "", os.DirFS("testdata/alone"), false},
		{"bad", "", os.DirFS("testdata/bad"), false},
		{"absent", "", os.DirFS("testdata/absent"), false},
		{"failing", "", failing, false},
		{"failing", "", failing, true},
	} {
		r := Test(t.Context(), tc.fsys, tc.name, tc.filter)
		for i := range r.Tests {
			r.Tests[i].Micros = 0
		}
		b.WriteString("# " + tc.name + "\n")
		written(t, &b, tc.name, &r, r.Print(&b, tc.verbose))
	}
	golden(t, "test.txt", b.Bytes())
}

func TestBelow(t *testing.T) {
	c := Coverage{Lines: 3, Covered: 2}
	if c.Below(66.6) || !c.Below(66.7) || (&Coverage{}).Below(100) {
		t.Error("the bound of coverage is not exact")
	}
}

var (
	tenant = map[string]any{"customer": "t1", "sub": "u1"}
	header = http.Header{"X-Tenant": {"t1"}}
)

var questions = []struct {
	name, folder string
	q            Question
}{
	{"nobody", "routes", Question{Question: ask.Question{URL: "http://Shop.example:80/orders/7?x=1"}, Trace: "fails"}},
	{"allowed by a header that the route shows", "routes", Question{Question: ask.Question{URL: "/orders/7", Header: header}, Claims: tenant, Trace: "none"}},
	{"the side is said", "routes", Question{Question: ask.Question{URL: "/orders/7", Header: header}, Claims: tenant, Side: "new", Trace: "none"}},
	{"the key is known", "routes", Question{Question: ask.Question{URL: "/orders/7", Header: header}, Claims: tenant, Key: split.NewKey("k"), Trace: "none"}},
	{"a route that does not show the header", "routes", Question{Question: ask.Question{URL: "/orders/7/8", Header: header}, Claims: tenant, Trace: "none"}},
	{"another route that matches", "routes", Question{Question: ask.Question{URL: "/orders/7", Header: header}, Route: "order-any", Principal: "u2", Trace: "none"}},
	{"another policy", "routes", Question{Question: ask.Question{URL: "/help"}, Policy: "shop.orders", Claims: map[string]any{"roles": []any{"admin"}}, Source: "session", Trace: "full"}},
	{"a reading that is refused", "routes", Question{Question: ask.Question{URL: "/orders/%2573ecret7", Header: header}, Claims: tenant, Trace: "none"}},
	{"a backend that reads paths as the gateway does", "routes", Question{Question: ask.Question{URL: "/exact/%2573ecret7", Header: header}, Claims: tenant, Trace: "none"}},
	{"a body", "routes", Question{Question: ask.Question{Method: "PUT", URL: "/orders/7", Body: `{"amount": 7}`}, Trace: "none"}},
	{"a body that is refused", "routes", Question{Question: ask.Question{Method: "PUT", URL: "/orders/7", Body: `{"amount": 700}`}, Trace: "none"}},
	{"no body", "routes", Question{Question: ask.Question{Method: "PUT", URL: "/orders/7"}, Trace: "none"}},
	{"a large body", "routes", Question{Question: ask.Question{Method: "PUT", URL: "/orders/7", Body: `"` + strings.Repeat("x", 64) + `"`}, Trace: "none"}},
	{"a body that is no JSON", "routes", Question{Question: ask.Question{Method: "PUT", URL: "/orders/7", Body: "x"}, Trace: "none"}},
	{"a body that is not shown", "routes", Question{Question: ask.Question{Method: "POST", URL: "/orders/7/note", Body: `{"amount": 7}`}, Trace: "none"}},
	{"policies alone", "alone", Question{Question: ask.Question{URL: "/a%2Fb", Header: http.Header{"X-Key": {"k"}}, Body: `{"guest": false}`}, Policy: "site", Trace: "none"}},
}

func TestExplain(t *testing.T) {
	var b bytes.Buffer
	for _, tc := range questions {
		a, err := sound(t, tc.folder).Explain(t.Context(), &tc.q)
		if err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		a.Revision = "r" // it would change with each comma of a policy
		b.WriteString("# " + tc.name + "\n")
		if err := a.Print(&b); err != nil {
			t.Fatal(err)
		}
		b.WriteByte('\n')
	}
	golden(t, "explain.txt", b.Bytes())
}

func TestExplainAsJSON(t *testing.T) {
	a, err := sound(t, "routes").Explain(t.Context(), &questions[10].q)
	if err != nil {
		t.Fatal(err)
	}
	a.Revision = "r"
	text, err := marshalled(a, "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "explain.json", []byte(text+"\n"))
	var inputs Inputs // what explain prints, bench reads
	if err := (&Reader{}).Read(&inputs, strings.NewReader(text), "explain"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a.Input, inputs.List[0].Input, cmpopts.EquateEmpty()); diff != "" || inputs.List[0].Policy != "shop.change" {
		t.Errorf("%+v\n%s", inputs.List[0], diff)
	}
}

func TestQuestionsThatAreNone(t *testing.T) {
	for _, tc := range []struct {
		folder string
		q      Question
		want   string
	}{
		{"routes", Question{Question: ask.Question{URL: "orders"}}, "is no URL"},
		{"routes", Question{Question: ask.Question{URL: "/help"}}, "no policy guards the route help"},
		{"routes", Question{Question: ask.Question{URL: "/help"}, Policy: "shop.order"}, `no policy "shop.order": routes has shop.change, shop.orders`},
		{"routes", Question{Question: ask.Question{URL: "/help"}, Route: "order"}, `the route "order" does not match the request, which the route help owns`},
		{"routes", Question{Question: ask.Question{URL: "/orders/%00"}}, "400"},
		{"routes", Question{Question: ask.Question{URL: "/x/..%2forders/7"}, Policy: "shop.orders"}, "another policy guards"},
		{"routes", Question{Question: ask.Question{Method: "CONNECT", URL: "/orders/7"}}, "refuses it with 400"},
		{"alone", Question{Question: ask.Question{URL: "/"}}, `no policy ""`},
	} {
		if a, err := sound(t, tc.folder).Explain(t.Context(), &tc.q); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v: got %+v, %v, want %q", tc.q, a, err, tc.want)
		}
	}
}

// Who asks does not change the claims that the caller holds.
func TestPrincipal(t *testing.T) {
	claims := map[string]any{"role": "admin"}
	p := (&Question{Principal: "7", Claims: claims}).principal()
	if p.Anonymous || p.ID != "7" || p.Source != "bearer" || p.Claims["sub"] != "7" || len(claims) != 1 {
		t.Errorf("got %+v, claims %v", p, claims)
	}
	if p := (&Question{}).principal(); !p.Anonymous || p.Source != "" {
		t.Errorf("nobody: %+v", p)
	}
	if p := (&Question{Claims: map[string]any{"sub": 7.0}}).principal(); p.Anonymous || p.ID != "" || p.Claims["sub"] != 7.0 {
		t.Errorf("a number: %+v", p)
	}
}

// A claim that is a number counts for the cohort as it does in the gateway.
func TestSideByNumber(t *testing.T) {
	f, sides := sound(t, "routes"), map[string]int{}
	side := func(sub any) string {
		q := &Question{Question: ask.Question{URL: "/orders/7"}, Claims: map[string]any{"sub": sub}, Key: split.NewKey("k"), Trace: "none"}
		a, err := f.Explain(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		return a.Input.Side
	}
	for n := range 20 {
		text, number := side(strconv.Itoa(n)), side(float64(n))
		if sides[text]++; text != number {
			t.Errorf("%d: %s as a text, %s as a number", n, text, number)
		}
	}
	if len(sides) != 2 {
		t.Errorf("all are on one side: %v", sides)
	}
}

// What the route shows counts however a header is spelled, and with what a body adds.
func TestHeadersShown(t *testing.T) {
	q := &Question{Question: ask.Question{URL: "/orders/7", Header: http.Header{"x-tenant": {"t1"}, "X-TENANT": {"t2"}}}, Trace: "none"}
	a, err := sound(t, "routes").Explain(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(a.Input.Headers["x-tenant"]); got != 2 || len(a.Notes) != 0 {
		t.Errorf("got %v, notes %q", a.Input.Headers, a.Notes)
	}
	q = &Question{Question: ask.Question{URL: "/", Body: `{}`}, Policy: "site", Trace: "none"}
	if a, err = sound(t, "alone").Explain(t.Context(), q); err != nil || a.Input.Headers["content-type"] == nil || a.Input.BodyState != authz.BodyWhole {
		t.Errorf("got %+v, %v", a, err)
	}
}

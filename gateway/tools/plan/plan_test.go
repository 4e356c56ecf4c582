package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/control"
	"ficus/gateway/tools/accesslog"
	"ficus/routes"
)

var update = flag.Bool("update", false, "write what is printed now into the golden files")

// An edit changes a text of a shipped route file, or with an empty from adds to its end.
type edit struct{ file, from, to string }

// stage sets stage and weight of a shipped file.
func stage(file, text string) edit {
	if file == "catalog.yaml" {
		return edit{file, "stage: legacy # legacy, shadow, canary, new or retired\n  weight: 0", text}
	}
	return edit{file, "stage: legacy\n  weight: 0", text}
}

var plans = []struct {
	name     string
	old, new []edit
	traffic  bool
}{
	{name: "nothing"},
	{name: "text alone", new: []edit{
		{"cart.yaml", "  - id: cart-read\n    description: what is in the cart\n    match: GET /api/cart\n", ""},
		{"cart.yaml", "  group: cart\n", ""},
		{"cart.yaml", "    match: /api/cart/items\n", "    match: /api/cart/items\n    group: cart\n"},
		{"cart.yaml", "    match: /api/cart/items/{id}\n", "    group: cart\n    match: /api/c%61rt/items/{item}\n"},
		{"catalog.yaml", "", "\n  - id: cart-read\n    description: \"what is in the cart\"\n    match: GET /api/cart\n    group: cart\n    backend: cart\n    policy: shop.cart\n"},
	}},
	{name: "a policy changes", new: []edit{{"policies/cart.rego", "data.shop.visitor.customer", "data.shop.visitor.admin"}, {"policies/shop_test.rego", "test_cart_of_guests_and_customers if", "todo_test_cart if"}}},
	{name: "a canary begins", new: []edit{stage("cart.yaml", "stage: canary\n  weight: 10")}, traffic: true},
	{name: "a canary grows, and who asks by cookie alone", traffic: true,
		old: []edit{stage("cart.yaml", "stage: canary\n  weight: 10")},
		new: []edit{stage("cart.yaml", "stage: canary\n  weight: 25"), {"legacy.yaml", "[cookie:shop_session, client_ip]", "[cookie:shop_session]"}}},
	{name: "a canary ends", old: []edit{
		stage("cart.yaml", "stage: canary\n  weight: 10\n  cohort: [cookie:shop_session]"),
		stage("catalog.yaml", "stage: canary\n  weight: 99.5"),
	}, new: []edit{
		stage("cart.yaml", "stage: new\n  weight: 0"), stage("catalog.yaml", "stage: legacy\n  weight: 0"),
	}},
	{name: "and back", old: []edit{stage("cart.yaml", "stage: retired\n  weight: 0"), stage("catalog.yaml", "stage: new\n  weight: 0")},
		new: []edit{stage("cart.yaml", "stage: canary\n  weight: 50\n  cohort: [cookie:shop_session]")}},
	{name: "retired, by another backend", old: []edit{stage("catalog.yaml", "stage: new\n  weight: 0")}, new: []edit{
		stage("catalog.yaml", "stage: retired\n  weight: 0"),
		{"catalog.yaml", "backend: catalog\n", "backend: catalog-2\n"},
		{"catalog.yaml", "backends:\n", "backends:\n  catalog-2: { addresses: [\"http://127.0.0.1:9202\"], balance: round_robin }\n"},
		{"cart.yaml", `"{$CART_ADDRESS:http://127.0.0.1:9103}"]`, `"http://127.0.0.1:9103", "http://127.0.0.1:9113"]` + "\n    transport: { versions: [\"2\"], tls: { server_name: cart } }"},
	}},
	{name: "another group", old: []edit{stage("cart.yaml", "stage: canary\n  weight: 40")},
		new: []edit{stage("cart.yaml", "stage: canary\n  weight: 40"), {"cart.yaml", "group: cart\n", "group: shop\n"}}},
	{name: "routes come, go, move and change their names", traffic: true,
		old: []edit{stage("cart.yaml", "stage: canary\n  weight: 10"), stage("catalog.yaml", "stage: new\n  weight: 0")},
		new: []edit{
			stage("cart.yaml", "stage: canary\n  weight: 10"), stage("catalog.yaml", "stage: new\n  weight: 0"),
			{"cart.yaml", "  - id: cart-read\n    description: what is in the cart\n    match: GET /api/cart\n", ""},
			{"cart.yaml", "id: cart-item", "id: cart-line"},
			{"catalog.yaml", "match: GET /api/products\n", "match: GET /api/{area}\n    owner: team-shop\n    expires: 2027-03-31\n"},
			{"catalog.yaml", "", `
  - id: api
    match: /api/
    stage: legacy
  - id: catalog-beta
    match: GET /api/products/{id}
    when: { header: { x-tenant: "beta*" }, cookie: { beta: "*" } }
    rewrite: { new: { path: "/v2/products/{id}", headers: { set: { x-beta: "{id}" } } } }
`},
		}},
	{name: "resilience", old: []edit{stage("catalog.yaml", "stage: new\n  weight: 0")}, new: []edit{
		stage("cart.yaml", "stage: shadow\n  weight: 0\n  shadow: { share: 20 }"),
		stage("catalog.yaml", `stage: new
  weight: 0
  timeout: 2s
  retry: { attempts: 3 }
  fallback: { enabled: off }
  rate_limit: { rate: 300/m }
  priority: low
  faults: [{ abort: 503, share: 10, header: { X-Rehearsal: "*" } }]`),
		{"legacy.yaml", "folder_defaults:\n", "folder_defaults:\n  idle_timeout: 1m\n"},
		{"cart.yaml", `"{$CART_ADDRESS:http://127.0.0.1:9103}"]`, `"http://127.0.0.1:9103", "http://127.0.0.1:9113"]`},
		{"orders.yaml", "  orders:\n    addresses", "  orders:\n    breaker: { enabled: off }\n    addresses"},
	}},
	{name: "conditions and rewrites",
		old: []edit{{"catalog.yaml", "", `
  - id: graphql
    match: POST /graphql
    stage: new
    when: { graphql: { type: query, fields: [products, product] } }
  - id: files
    match: "*.shop.example/files/{path...}"
    stage: canary
    weight: 100
    rewrite: { legacy: { strip_prefix: /files }, new: { path: "/v1/{path...}" } }
`}},
		new: []edit{{"catalog.yaml", "", `
  - id: graphql
    match: POST /graphql
    stage: new
    when: { graphql: { type: query, fields: [product, search] } }
  - id: files
    match: "*.shop.example/files/{rest...}"
    stage: canary
    force: signed
    weight: 100
    rewrite: { legacy: { strip_prefix: /files }, new: { path: "/v2/{rest...}" } }
`}}},
}

func TestPlan(t *testing.T) {
	var text, asJSON bytes.Buffer
	for _, tc := range plans {
		report := Of(edited(t, "v1:routes", tc.old), edited(t, "routes", tc.new))
		if tc.traffic {
			observe(t, report)
		}
		text.WriteString("# " + tc.name + "\n")
		if err := report.Print(&text, false); err != nil {
			t.Fatal(err)
		}
		text.WriteString("\n")
		if err := report.Print(&asJSON, true); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "plans.txt", text.Bytes())
	golden(t, "plans.json", asJSON.Bytes())
	for i, line := range strings.Split(text.String(), "\n") {
		if n := len([]rune(line)); n > 100 && !strings.HasPrefix(line, "    e.g. ") {
			t.Errorf("line %d of the text is %d columns wide", i+1, n)
		}
	}
}

// edited returns the shipped route files with some edits.
func edited(t testing.TB, name string, edits []edit) Version {
	t.Helper()
	files := fstest.MapFS{}
	names, err := fs.Glob(routes.Files, "*.yaml")
	policies, err2 := fs.Glob(routes.Files, "policies/*.rego")
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	names = append(names, policies...)
	for _, file := range names {
		data, err := fs.ReadFile(routes.Files, file)
		if err != nil {
			t.Fatal(err)
		}
		files[file] = &fstest.MapFile{Data: data}
	}
	for _, e := range edits {
		text := string(files[e.file].Data)
		switch {
		case e.from == "":
			text += e.to
		case !strings.Contains(text, e.from):
			t.Fatalf("%s does not hold %q", e.file, e.from)
		default:
			text = strings.Replace(text, e.from, e.to, 1)
		}
		files[e.file].Data = []byte(text)
	}
	v := control.Check(files, name, func(string) (string, bool) { return "", false }, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
	if v.Table == nil {
		t.Fatal(v.Problems.Text())
	}
	return Version{name, v}
}

func observe(t *testing.T, report *Report) {
	t.Helper()
	f, err := os.Open("testdata/access.log")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	log, err := accesslog.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Observe("access.log", "shop.example", log); err != nil {
		t.Fatal(err)
	}
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

// Programs find a list where there is nothing, never null.
func TestJSONHasNoNulls(t *testing.T) {
	for _, edits := range [][]edit{nil, {stage("cart.yaml", "stage: new\n  weight: 0")}} {
		report := Of(edited(t, "old", nil), edited(t, "new", edits))
		observe(t, report)
		text, err := json.Marshal(report)
		if err != nil || strings.Contains(string(text), "null") {
			t.Errorf("%s, %v", text, err)
		}
	}
}

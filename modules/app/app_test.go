package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/google/go-cmp/cmp"

	"ficus/gateway/route"
)

func TestCaddyfile(t *testing.T) {
	for _, tc := range []struct{ name, text, want, problem string }{
		{"all", "ficus {\n routes /r\n state /s\n cohort_key k\n}", `{"routes":"/r","state":"/s","cohort_key":"k"}`, ""},
		{"nothing", "ficus", `{}`, ""},
		{"empty value", "ficus {\n cohort_key \"\"\n}", `{}`, ""},
		{"argument", "ficus /r", "", "wrong argument count"},
		{"unknown", "ficus {\n route /r\n}", "", `unknown key "route" (known: capacity, cohort_key, faults, grafana, identity, max_removal, opa_config, routes, state, tracing)`},
		{"twice", "ficus {\n routes /r\n routes /s\n}", "", "routes is given twice"},
		{"capacity", "ficus {\n capacity {\n max_requests 500\n }\n faults on\n}", `{"capacity":{"max_requests":500},"faults":true}`, ""},
		{"no capacity", "ficus {\n capacity {\n max_requests off\n }\n faults off\n}", `{"capacity":{"max_requests":-1}}`, ""},
		{"headers", "ficus {\n capacity {\n max_headers 50\n }\n}", `{"capacity":{"max_headers":50}}`, ""},
		{"headers without end", "ficus {\n capacity {\n max_headers off\n }\n}", `{"capacity":{"max_headers":-1}}`, ""},
		{"no header", "ficus {\n capacity {\n max_headers 0\n }\n}", "", `max_headers: "0" is neither a number from 1 to 10000 nor off`},
		{"capacity of nothing", "ficus {\n capacity {\n max_requests 0\n }\n}", "", `max_requests: "0" is neither a number from 1 to 10000000 nor off`},
		{"two capacities", "ficus {\n capacity {\n }\n capacity {\n }\n}", "", "capacity is given twice"},
		{"max_removal", "ficus {\n max_removal 100%\n}", `{"max_removal":100}`, ""},
		{"max_removal without a sign", "ficus {\n max_removal 30\n}", `{"max_removal":30}`, ""},
		{"max_removal of nothing", "ficus {\n max_removal 0%\n}", "", `max_removal: "0%" is no whole percentage from 1% to 100%`},
		{"max_removal of too much", "ficus {\n max_removal 101%\n}", "", `no whole percentage`},
		{"max_removal in part", "ficus {\n max_removal 0.5\n}", "", `no whole percentage`},
		{"max_removal without a value", "ficus {\n max_removal\n}", "", "wrong argument count"},
		{"max_removal twice", "ficus {\n max_removal 50%\n max_removal 60%\n}", "", "max_removal is given twice"},
		{"tracing", "ficus {\n tracing\n}", `{"tracing":{}}`, ""},
		{
			"tracing in full", "ficus {\n tracing {\n endpoint http://collector:4317\n protocol grpc\n ratio 0\n errors 0.5\n service shop\n trust_clients\n }\n}",
			`{"tracing":{"endpoint":"http://collector:4317","protocol":"grpc","ratio":0,"errors":0.5,"service":"shop","trust_clients":true}}`, "",
		},
		{"tracing twice", "ficus {\n tracing {\n ratio 1\n ratio 1\n }\n}", "", "ratio is given twice"},
		{"tracing too much", "ficus {\n tracing {\n ratio 2\n }\n}", "", `ratio: "2" is no number from 0 to 1`},
		{
			"grafana", "ficus {\n grafana {\n url https://g.example.com\n token {env.T}\n tags prod eu\n tags x\n }\n}",
			`{"grafana":{"url":"https://g.example.com","token":"{env.T}","tags":["prod","eu","x"]}}`, "",
		},
		{"grafana whose URL is empty", "ficus {\n grafana {\n url \"\"\n token t\n }\n}", `{"grafana":{"token":"t"}}`, ""},
		{"grafana nowhere", "ficus {\n grafana {\n token t\n }\n}", "", "grafana needs a url"},
		{"grafana with an argument", "ficus {\n grafana https://g\n}", "", "wrong argument count"},
		{"faults", "ficus {\n faults\n}", "", "wrong argument count"},
		{"perhaps faults", "ficus {\n faults yes\n}", "", `faults: "yes" is neither on nor off`},
		{"no value", "ficus {\n routes\n}", "", "wrong argument count"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var a App
			err := a.UnmarshalCaddyfile(caddyfile.NewTestDispenser(tc.text))
			if tc.problem != "" {
				if err == nil || !strings.Contains(err.Error(), tc.problem) {
					t.Errorf("got %v, want %q", err, tc.problem)
				}
				return
			}
			got, _ := json.Marshal(a)
			if err != nil || string(got) != tc.want {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
}

func TestCohortKeyIsKept(t *testing.T) {
	s := settings{state: filepath.Join(t.TempDir(), "state")}
	first, err := cohortKey(s)
	if err != nil {
		t.Fatal(err)
	}
	second, err := cohortKey(s)
	if err != nil || *first != *second {
		t.Errorf("another key at the second start: %v", err)
	}
	info, err := os.Stat(filepath.Join(s.state, "cohort.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	entries, _ := os.ReadDir(s.state)
	if len(entries) != 1 {
		t.Errorf("the state folder holds %v", entries)
	}
	given, err := cohortKey(settings{state: s.state, cohortKey: "secret"})
	if err != nil || *given == *first {
		t.Errorf("a key that is given does not count: %v", err)
	}
}

func TestCohortKeyThatIsNone(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "cohort.key"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := cohortKey(settings{state: dir}); err == nil || !strings.Contains(err.Error(), "holds no key") {
		t.Errorf("got %v", err)
	}
	if _, err := cohortKey(settings{state: "/dev/null/x"}); err == nil || !strings.Contains(err.Error(), "set cohort_key") {
		t.Errorf("got %v", err)
	}
}

func TestLeaf(t *testing.T) {
	good, err := newLeaf(route.Backend{Name: "a", Transport: map[string]any{"versions": []any{"1.1"}, "dial_timeout": "1s"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := good.Close(); err != nil {
		t.Error(err)
	}
	for _, bad := range []map[string]any{{"versions": []any{"9"}}, {"verzions": "1.1"}, {"dial_timeout": "soon"}} {
		if _, err := newLeaf(route.Backend{Name: "a", Transport: bad}); err == nil {
			t.Errorf("%v makes a transport", bad)
		}
	}
}

// A broken folder does not keep the gateway from starting.
func TestProvisionOnABrokenFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.yaml"), []byte("routes: nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := App{Routes: dir, State: t.TempDir()}
	ctx, err := caddy.ProvisionContext(&caddy.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Provision(ctx); err != nil {
		t.Fatal(err)
	}
	if a.Pipeline().Table() != nil {
		t.Error("a table serves")
	}
	if err := a.Cleanup(); err != nil {
		t.Error(err)
	}
	if _, used := runtimes.References(a.settings); used {
		t.Error("the runtime is still held")
	}
}

// A reload whose max_removal allows what waits lets it serve, by the same runtime.
func TestReloadAllowsARemoval(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	write := func(routes int) {
		text := "backends: { legacy: { addresses: [\"http://127.0.0.1:1\"] } }\nroutes:\n"
		for i := range routes {
			text += fmt.Sprintf("  - { id: r%d, match: GET /r%d }\n", i, i)
		}
		if err := os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	start := func(maxRemoval int) *App {
		ctx, err := caddy.ProvisionContext(&caddy.Config{})
		if err != nil {
			t.Fatal(err)
		}
		a := &App{Routes: dir, State: state, CohortKey: "k", MaxRemoval: maxRemoval}
		if err := errors.Join(a.Provision(ctx), a.Start()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := a.Cleanup(); err != nil {
				t.Error(err)
			}
		})
		return a
	}
	write(12)
	before := start(0)
	write(3)
	_, _ = before.Tables().Load() // or the watch did
	if got := len(before.Pipeline().Table().Entries); got != 13 || before.Tables().Status().Removal == nil {
		t.Fatalf("%d entries serve", got)
	}
	start(75)
	if got := len(before.Pipeline().Table().Entries); got != 4 {
		t.Errorf("%d entries serve", got)
	}
}

// What JSON says of max_removal is checked, too.
func TestMaxRemovalOutOfRange(t *testing.T) {
	for _, percent := range []int{-1, 101} {
		ctx, err := caddy.ProvisionContext(&caddy.Config{})
		if err != nil {
			t.Fatal(err)
		}
		a := App{Routes: t.TempDir(), State: t.TempDir(), MaxRemoval: percent}
		if err := a.Provision(ctx); err == nil || !strings.Contains(err.Error(), "no percentage from 1 to 100") {
			t.Errorf("%d: %v", percent, err)
		}
	}
}

// A configuration that is only tried out ("caddy validate") writes nothing into the
// state folder; one that starts keeps its table there.
func TestStartKeepsTheTable(t *testing.T) {
	dir, state := t.TempDir(), filepath.Join(t.TempDir(), "state")
	if err := os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(`backends: { legacy: { addresses: ["http://127.0.0.1:1"] } }`), 0o600); err != nil {
		t.Fatal(err)
	}
	a := App{Routes: dir, State: state, CohortKey: "k"}
	ctx, err := caddy.ProvisionContext(&caddy.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Provision(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(state); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("provisioning has written: %v", err)
	}
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	if err := a.Cleanup(); err != nil { // which waits for what writes
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(state); err != nil || len(entries) != 3 { // keys, their lock, the snapshot
		t.Errorf("the state folder holds %v, %v", entries, err)
	}
}

func TestResolve(t *testing.T) {
	t.Setenv("FOLDER", "from-env")
	s, err := (&App{Routes: "{env.FOLDER}/r", CohortKey: "{env.NONE}"}).resolve()
	if err != nil {
		t.Fatal(err)
	}
	wd, _ := os.Getwd()
	want := settings{routes: filepath.Join(wd, "from-env/r"), state: filepath.Join(caddy.AppDataDir(), "ficus")}
	if diff := cmp.Diff(want, s, cmp.AllowUnexported(settings{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Annotations go nowhere unless an URL is given, and what can't be one stops the start.
func TestGrafanaTarget(t *testing.T) {
	t.Setenv("GRAFANA", "")
	for _, g := range []*Grafana{nil, {}, {URL: "{env.GRAFANA}", Token: "t"}} {
		if target, err := g.provision(); target != nil || err != nil {
			t.Errorf("%+v: %v, %v", g, target, err)
		}
	}
	t.Setenv("GRAFANA", "https://g.example.com")
	if target, err := (&Grafana{URL: "{env.GRAFANA}"}).provision(); target == nil || err != nil {
		t.Errorf("%v, %v", target, err)
	}
	if _, err := (&Grafana{URL: "grafana:3000"}).provision(); err == nil || !strings.HasPrefix(err.Error(), "grafana: ") {
		t.Errorf("got %v", err)
	}
}

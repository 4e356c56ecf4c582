package control

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"ficus/gateway/authz"
	"ficus/gateway/change"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/telemetry"
)

const (
	legacyFile = "backends: { legacy: { addresses: [\"http://127.0.0.1:9101\"] } }\n"
	goodFile   = "routes: [{ id: a, match: GET /a }]\n"
	badFile    = "routes: [{ id: a, match: a }]\n"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type published struct {
	t        *testing.T
	dir      string
	state    string
	tables   *Tables
	registry *prometheus.Registry
	live     *routetable.Table
	policies *authz.Set
	refuse   route.Problems
	changes  *change.Recorder
	log      strings.Builder
}

func newTables(t *testing.T, files map[string]string) *published {
	p := &published{t: t, dir: t.TempDir(), state: filepath.Join(t.TempDir(), "state")}
	p.start()
	p.write(files)
	return p
}

// start begins anew, as a process does: what is left is what the folders hold.
func (p *published) start() {
	p.registry, p.live, p.refuse = prometheus.NewPedanticRegistry(), nil, nil
	p.log.Reset()
	metrics := telemetry.New()
	if err := metrics.Register(p.registry); err != nil {
		p.t.Fatal(err)
	}
	logger, now := slog.New(slog.NewTextHandler(&p.log, nil)), func() time.Time { return time.Unix(1_700_000_000, 0) }
	p.changes = change.NewRecorder(change.Config{Now: now, Logger: logger})
	p.tables = &Tables{
		FS: os.DirFS(p.dir), Name: "routes", Lookup: os.LookupEnv, Snapshot: SnapshotIn(p.state, p.dir),
		Publish: func(table *routetable.Table, policies *authz.Set) route.Problems {
			if p.refuse == nil {
				p.live, p.policies = table, policies
			}
			return p.refuse
		},
		Metrics: metrics, Changes: p.changes, Logger: logger, Now: now,
	}
}

func (p *published) write(files map[string]string) {
	p.t.Helper()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(p.dir, name)), 0o755); err != nil {
			p.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o644); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *published) load(want Outcome) {
	p.t.Helper()
	if got, problems := p.tables.Load(); got != want {
		p.t.Fatalf("outcome %v, want %v; problems:\n%s", got, want, problems.Text())
	}
}

func (p *published) gauge(name string) float64 {
	p.t.Helper()
	families, err := p.registry.Gather()
	if err != nil {
		p.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	p.t.Fatalf("no metric %s", name)
	return 0
}

func TestBrokenEditKeepsTheTable(t *testing.T) {
	p := newTables(t, map[string]string{"legacy.yaml": legacyFile, "a.yaml": goodFile})
	p.load(Applied)
	p.load(Unchanged)
	before := p.live
	p.write(map[string]string{"a.yaml": badFile})
	p.load(Rejected)
	if p.live != before {
		t.Error("the broken edit reached the data plane")
	}
	if p.gauge("ficus_table_last_reload_successful") != 0 {
		t.Error("the gauge says that the last reload was successful")
	}
	if want := `routes/a.yaml:1:26: pattern: \"a\": the path is missing`; !strings.Contains(p.log.String(), want) {
		t.Errorf("the log does not say %s:\n%s", want, &p.log)
	}
	p.load(Unchanged)
	p.write(map[string]string{"a.yaml": goodFile})
	p.load(Applied)
	if p.gauge("ficus_table_last_reload_successful") != 1 {
		t.Error("the gauge does not say that the last reload was successful")
	}
	if n, _ := testutil.GatherAndCount(p.registry, "ficus_table_problems"); n != 0 {
		t.Errorf("%d problem series after a good load", n)
	}
}

func TestBrokenAtStartServesLegacy(t *testing.T) {
	p := newTables(t, map[string]string{"legacy.yaml": legacyFile, "a.yaml": badFile})
	p.load(LegacyOnly)
	if p.live == nil || len(p.live.Entries) != 1 {
		t.Fatalf("serving %+v, want the default entry alone", p.live)
	}
	p.write(map[string]string{"a.yaml": goodFile})
	p.load(Applied)
	if len(p.live.Entries) != 2 {
		t.Error("the mended folder does not serve")
	}
}

func TestNothingToServe(t *testing.T) {
	p := newTables(t, map[string]string{"a.yaml": goodFile})
	p.load(Nothing)
	if p.live != nil {
		t.Error("something was published")
	}
}

func TestRefusedByTheDataPlane(t *testing.T) {
	p := newTables(t, map[string]string{"legacy.yaml": legacyFile})
	p.load(Applied)
	before := p.live
	p.refuse = route.Problems{{Code: route.CodeValue, Origin: route.Origin{File: "routes/legacy.yaml"}, Path: "backends.legacy", Message: "no"}}
	p.write(map[string]string{"a.yaml": goodFile})
	outcome, problems := p.tables.Load()
	if outcome != Rejected || p.live != before {
		t.Errorf("outcome %v", outcome)
	}
	if len(problems) != 1 || problems[0].Origin.Line != 1 {
		t.Errorf("the problem got no line: %v", problems)
	}
}

func TestVanishedFolder(t *testing.T) {
	p := newTables(t, map[string]string{"legacy.yaml": legacyFile})
	p.load(Applied)
	before := p.live
	if err := os.RemoveAll(p.dir); err != nil {
		t.Fatal(err)
	}
	p.load(Rejected)
	if p.live != before {
		t.Error("the table went with the folder")
	}
}

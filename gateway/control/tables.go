package control

import (
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"ficus/gateway/route"
	"ficus/gateway/routefile"
	"ficus/gateway/routetable"
	"ficus/gateway/telemetry"
)

// Tables brings a folder of route files to the data plane: whole or not at all.
// Its fields are set before first use; Load may be called concurrently.
type Tables struct {
	FS      fs.FS  // the folder
	Name    string // how problems call it
	Lookup  func(string) (string, bool)
	Publish func(*routetable.Table) route.Problems // makes a table serve
	Metrics *telemetry.Metrics
	Logger  *slog.Logger
	Now     func() time.Time

	mu      sync.Mutex
	loaded  string // hash of the content that was judged last
	serving bool   // some table serves
}

// Outcome says what a load came to.
type Outcome uint8

// The outcomes of a load.
const (
	Unchanged  Outcome = iota // the content is the one judged last
	Applied                   // a new table serves
	Rejected                  // problems: the table before serves on
	LegacyOnly                // problems, and no table before: all goes to legacy
	Nothing                   // problems, no table before, and no legacy known: nothing is served
)

// String returns the outcome as it reads in a log.
func (o Outcome) String() string {
	return [...]string{"unchanged", "applied", "rejected", "legacy only", "nothing to serve"}[o]
}

// Load reads the folder and, if it is free of errors, makes its table serve.
// Otherwise the table before serves on; where there is none, legacy does, as far
// as the folder says where legacy is. It reports to log and metrics.
func (t *Tables) Load() (Outcome, route.Problems) {
	t.mu.Lock()
	defer t.mu.Unlock()
	folder, unread := routefile.Read(t.FS, t.Name)
	content := folder.Hash() + unread.Error()
	if content == t.loaded {
		return Unchanged, nil
	}
	t.loaded = content

	v := judge(folder, unread, t.Lookup, t.Now())
	if v.Table != nil {
		if problems := t.Publish(v.Table); problems.HasErrors() {
			folder.Locate(problems)
			v.Table, v.Problems = nil, append(v.Problems, problems...)
		}
	}
	if v.Table == nil {
		return t.reject(v), v.Problems
	}
	t.serving = true
	stages := countStages(v.Table)
	t.Metrics.TableApplied(t.Now(), v.Table.Revision, stages, v.Problems)
	t.Metrics.RouteExpiries(expiries(v.Table))
	t.Logger.Info("route table applied", "revision", v.Table.Revision, "routes", len(v.Table.Entries)-1,
		"legacy", stages[route.StageLegacy], "canary", stages[route.StageCanary], "new", stages[route.StageNew],
		"retired", stages[route.StageRetired])
	t.logProblems(v.Problems)
	return Applied, v.Problems
}

func (t *Tables) reject(v Verdict) Outcome {
	t.Metrics.TableRejected(v.Problems)
	outcome := Rejected
	if !t.serving {
		outcome = Nothing
		if table, ok := routetable.LegacyOnly(v.Set); ok && !t.Publish(table).HasErrors() {
			t.serving = true
			outcome = LegacyOnly
		}
	}
	t.Logger.Error("route table rejected", "serving", map[Outcome]string{
		Rejected: "the table before", LegacyOnly: "legacy only", Nothing: "nothing",
	}[outcome], "problems", len(v.Problems))
	t.logProblems(v.Problems)
	return outcome
}

func (t *Tables) logProblems(problems route.Problems) {
	for _, p := range problems {
		log := t.Logger.Error
		if p.Severity == route.Warning {
			log = t.Logger.Warn
		}
		log(p.String(), "code", p.Code, "route", p.Route, "file", p.Origin.File,
			"line", p.Origin.Line, "column", p.Origin.Column, "text", p.Line, "hint", p.Hint)
	}
}

func countStages(table *routetable.Table) map[route.Stage]int {
	stages := map[route.Stage]int{}
	for _, e := range table.Entries {
		if e != table.Default() {
			stages[e.Stage]++
		}
	}
	return stages
}

// expiries returns when each route that expires has to be gone: at the end of its day.
func expiries(table *routetable.Table) map[string]time.Time {
	ends := map[string]time.Time{}
	for _, e := range table.Entries {
		if !e.Expires.IsZero() {
			ends[e.ID] = e.Expires.End()
		}
	}
	return ends
}

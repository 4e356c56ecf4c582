package control

import (
	"cmp"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"ficus/gateway/authz"
	"ficus/gateway/change"
	"ficus/gateway/route"
	"ficus/gateway/routefile"
	"ficus/gateway/routetable"
	"ficus/gateway/telemetry"
)

// Tables brings a folder of route files to the data plane: whole or not at all.
// Its fields are set before first use; its methods may be called concurrently.
type Tables struct {
	FS       fs.FS    // the folder
	Name     string   // how problems call it
	Snapshot Snapshot // where the last good folder is kept; the zero value keeps none
	Lookup   func(string) (string, bool)
	Publish  func(*routetable.Table, *authz.Set) route.Problems // makes a table serve with its policies
	Remote   func() *authz.Set                                  // the policies, where they don't come from the folder; nil: they do
	Metrics  *telemetry.Metrics
	Changes  *change.Recorder // nil: nobody wants to know
	Logger   *slog.Logger
	Now      func() time.Time

	mu     sync.Mutex
	loaded string            // hash of the content that was judged last
	known  *authz.Set        // policies that compiled last
	memory memory            // of the routes that were judged last
	unkept *routefile.Folder // applied, and not in the snapshot yet
	wakes  chan<- struct{}   // KeepSnapshots; nil while nobody waits

	maxRemoval   int               // percent; 0 for the default
	largest      *routetable.Table // of those that served lately; nil before an edit
	largestSince time.Time

	keep keeping

	status atomic.Pointer[Status] // written under mu
}

// Outcome says what a load came to.
type Outcome uint8

// The outcomes of a load.
const (
	Unchanged    Outcome = iota // the content is the one judged last
	Applied                     // a new table serves
	Rejected                    // problems: the table before serves on
	FromSnapshot                // problems, and no table before: the last good snapshot serves
	Unguarded                   // of the policies, and no good snapshot: routes that have a policy answer 503
	LegacyOnly                  // and no good snapshot: all goes to legacy
	Nothing                     // and no legacy known: nothing is served
)

// String returns the outcome as it reads in a log.
func (o Outcome) String() string {
	return [...]string{"unchanged", "applied", "rejected", "snapshot", "without policies", "legacy only", "nothing to serve"}[o]
}

// Load reads the folder and, if it is free of errors and has most of the routes that
// serve, makes its table serve. Otherwise the table before serves on; where there is none, the last good snapshot
// does, else legacy alone, as far as folder or snapshot say where legacy is. It
// reports to log and metrics, and writes nothing: that is for [Tables.KeepSnapshots].
func (t *Tables) Load() (Outcome, route.Problems) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.load(confirmation{})
}

func (t *Tables) load(c confirmation) (Outcome, route.Problems) {
	folder, unread := routefile.Read(t.FS, t.Name)
	content := folder.Hash() + unread.Error()
	confirmed := c.of(folder)
	if content == t.loaded && !confirmed {
		return Unchanged, nil
	}
	t.loaded = content
	v := t.memory.judge(folder, unread, t.Lookup, t.Now(), t.policySource())
	t.known = cmp.Or(v.Policies, t.known)
	if !confirmed {
		v = t.holdBack(folder, v)
	}
	if v = t.publish(folder, v); v.Table == nil {
		return t.reject(v), v.Problems
	}
	if confirmed {
		t.largest = nil
	} else {
		c = confirmation{}
	}
	t.unkept = folder
	select {
	case t.wakes <- struct{}{}:
	default:
	}
	status, before := Status{Source: SourceFolder, Table: v.Table, Policies: v.Policies, LastReloadOK: true, Problems: v.Problems}, t.Status()
	t.tellOf(status) // who sees the status finds the metrics to be of it
	t.Metrics.FolderApplied(t.Now(), v.Problems)
	t.tellPolicies(true)
	t.status.Store(&status)
	t.recordApplied(before, status, c)
	t.logProblems(v.Problems)
	return Applied, v.Problems
}

// publish makes the verdict's table serve, if there is one. What the data plane finds
// wrong with it makes it none.
func (t *Tables) publish(folder *routefile.Folder, v Verdict) Verdict {
	if v.Table == nil {
		return v
	}
	if problems := t.Publish(v.Table, v.Policies); problems.HasErrors() {
		folder.Locate(problems)
		v.Table, v.Problems = nil, append(v.Problems, problems...)
	}
	return v
}

// tellOf records in metrics that another table serves.
func (t *Tables) tellOf(s Status) {
	t.Metrics.TableServes(telemetry.ServingTable{
		Source: string(s.Source), Revision: s.Revision(),
		Stages: countStages(s.Table), Expiries: expiries(s.Table),
	})
}

// tellPolicies records whether the policies of the folder decide. With others, that is for
// whoever brings them to say.
func (t *Tables) tellPolicies(decide bool) {
	if t.Remote == nil {
		t.Metrics.PoliciesLoaded(decide, t.Now())
	}
}

// reject keeps the table that serves or, where none does yet, finds one that can.
func (t *Tables) reject(v Verdict) Outcome {
	t.Metrics.FolderRejected(v.Problems)
	status, outcome := t.Status(), Rejected
	status.LastReloadOK, status.Problems, status.Removal = false, v.Problems, v.removal
	if status.Table == nil {
		status.Table, status.Policies, status.Source = t.fallBack(v)
		outcome = map[Source]Outcome{SourceSnapshot: FromSnapshot, SourceUnguarded: Unguarded, SourceLegacyOnly: LegacyOnly, SourceNone: Nothing}[status.Source]
	}
	t.tellPolicies(v.Policies != nil && v.Policies.ID() == status.Policies.ID())
	if outcome != Rejected && outcome != Nothing {
		t.tellOf(status)
	}
	t.status.Store(&status)
	t.logProblems(v.Problems)
	t.recordRejected(status, t.Remote == nil && v.Policies == nil)
	return outcome
}

// fallBack makes what serves at a start with a broken folder serve: the snapshot; or the
// folder's table where only its policies are broken, so that what they guard is refused;
// or legacy, where the folder's set or the snapshot's says where that is.
func (t *Tables) fallBack(folder Verdict) (*routetable.Table, *authz.Set, Source) {
	snapshot := folder.snapshot
	if snapshot == nil {
		read := t.fromSnapshot()
		snapshot = &read
	}
	if snapshot.Table != nil {
		return snapshot.Table, snapshot.Policies, SourceSnapshot
	}
	if folder.unguarded != nil && !t.Publish(folder.unguarded, nil).HasErrors() {
		return folder.unguarded, nil, SourceUnguarded
	}
	for _, set := range []route.Set{folder.Set, snapshot.Set} {
		if table, ok := routetable.LegacyOnly(set); ok && !t.Publish(table, nil).HasErrors() {
			return table, nil, SourceLegacyOnly
		}
	}
	return nil, nil, SourceNone
}

// maxLogged bounds how many problems of one load are logged one by one.
const maxLogged = 100

func (t *Tables) logProblems(problems route.Problems) {
	if more := len(problems) - maxLogged; more > 0 {
		defer t.Logger.Error("and more problems: see them all with ficus routes check", "more", more)
		problems = problems[:maxLogged]
	}
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

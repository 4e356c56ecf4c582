package control

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"ficus/gateway/authz"
	"ficus/gateway/change"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// someRoutes is a route file of routes first to last-1: r00, r01, …
func someRoutes(first, last int) string {
	text := "routes:\n"
	for i := first; i < last; i++ {
		text += fmt.Sprintf("  - { id: r%02d, match: GET /r%02d }\n", i, i)
	}
	if first >= last {
		return "routes: []\n"
	}
	return text
}

// large serves a folder of so many routes in a.yaml, and keeps it.
func large(t *testing.T, routes int) *published {
	t.Helper()
	p := newTables(t, map[string]string{"legacy.yaml": legacyFile, "a.yaml": someRoutes(0, routes)})
	p.load(Applied)
	p.tables.Keep()
	return p
}

// held checks that an edit waits, and returns its hash.
func (p *published) held(gone, of int) string {
	p.t.Helper()
	status := p.tables.Status()
	if status.Removal == nil || status.LastReloadOK || status.Removal.Gone != gone || status.Removal.Of != of {
		p.t.Fatalf("status %+v, want that %d of %d routes would be gone", status, gone, of)
	}
	if status.Table != p.live {
		p.t.Error("the status' table is not that of the data plane")
	}
	return status.Removal.Hash
}

func (p *published) confirm(hash string, want error) {
	p.t.Helper()
	if _, err := p.tables.Confirm(hash, "ann"); !errors.Is(err, want) {
		p.t.Fatalf("confirming: %v, want %v", err, want)
	}
}

// An edit that removes most routes is refused with how many, which and what to do, until
// somebody confirms it.
func TestRemovalWaits(t *testing.T) {
	p := large(t, 20)
	before := p.live
	p.write(map[string]string{"a.yaml": someRoutes(0, 8)})
	p.load(Rejected)
	hash := p.held(12, 20)
	if p.live != before {
		t.Error("it serves already")
	}
	want := route.Problem{
		Code: route.CodeRemoval, Origin: route.Origin{File: "routes"},
		Message: "12 of 20 routes would be gone: r08, r09, r10, r11, r12 and 7 more",
		Hint:    "if they are to go: ficus routes confirm " + hash + "; if not, bring their files back",
	}
	status := p.tables.Status()
	if diff := cmp.Diff(route.Problems{want}, status.Problems); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	r := status.Readiness()
	if r.Status != "ready" || r.Errors != 1 || !strings.Contains(r.Message, "waits for a confirmation (ficus routes confirm): the table before serves on") {
		t.Errorf("readiness: %+v", r)
	}
	if status.Findings().Removal != status.Removal || len(status.Removal.Routes) != 12 {
		t.Errorf("findings: %+v", status.Findings())
	}
	p.logged("removal: 12 of 20 routes would be gone: r08")
	if n, _ := testutil.GatherAndCount(p.registry, "ficus_table_problems"); n != 1 || p.gauge("ficus_table_problems") != 1 || p.gauge("ficus_table_last_reload_successful") != 0 {
		t.Error("the metrics don't tell")
	}
	if e := p.changes.Recent(1, nil)[0]; e.Kind != change.TableRejected || !strings.Contains(e.Text, want.Message) {
		t.Errorf("the change is %+v", e)
	}

	p.load(Unchanged)
	p.confirm(hash, nil)
	if len(p.live.Entries)-1 != 8 {
		t.Errorf("%d entries serve", len(p.live.Entries))
	}
	p.source(SourceFolder)
	status = p.tables.Status()
	if !status.LastReloadOK || status.Removal != nil || len(status.Problems) != 0 || p.gauge("ficus_table_last_reload_successful") != 1 {
		t.Errorf("after it: %+v", status)
	}
	applied := p.changes.Recent(1, func(e *change.Event) bool { return e.Kind == change.TableApplied })[0]
	if applied.By != "ann" || !strings.HasSuffix(applied.Text, "; confirmed that 12 of 20 routes go") {
		t.Errorf("the change is %+v", applied)
	}
	p.load(Unchanged)
	p.confirm(hash, ErrNoRemoval)
	p.write(map[string]string{"a.yaml": someRoutes(0, 7)}) // what is confirmed is not held against the next edit
	p.load(Applied)
}

// A confirmation is of one content.
func TestAnotherRemovalWaitsAnew(t *testing.T) {
	p := large(t, 20)
	p.write(map[string]string{"a.yaml": someRoutes(0, 8)})
	p.load(Rejected)
	first := p.held(12, 20)
	p.write(map[string]string{"a.yaml": someRoutes(0, 7)})
	p.load(Rejected)
	second := p.held(13, 20)
	for _, hash := range []string{first, ""} {
		if _, err := p.tables.Confirm(hash, "ann"); !errors.Is(err, ErrOtherRemoval) || strings.Contains(err.Error(), "meanwhile") {
			t.Errorf("confirming %q: %v", hash, err)
		}
	}
	p.held(13, 20)

	p.write(map[string]string{"a.yaml": someRoutes(0, 6)}) // and nobody has looked yet
	p.confirm(second, ErrOtherRemoval)
	third := p.held(14, 20)
	p.write(map[string]string{"a.yaml": badFile})
	p.confirm(third, ErrOtherRemoval)
	if p.tables.Status().Removal != nil {
		t.Error("what is broken waits for a confirmation")
	}
	p.write(map[string]string{"a.yaml": someRoutes(0, 6)}) // no word is left over from before
	p.load(Rejected)
	p.confirm(third, nil)
	p.write(map[string]string{"a.yaml": someRoutes(0, 20)})
	p.load(Applied)
	if e := p.changes.Recent(1, func(e *change.Event) bool { return e.Kind == change.TableApplied })[0]; e.By != "" {
		t.Errorf("%+v: nobody confirmed it", e)
	}
	p.write(map[string]string{"a.yaml": someRoutes(0, 6)})
	p.load(Rejected)
	p.held(14, 20)
}

// Files that come back need no confirmation, nor does what came back in its place.
func TestRemovalTakenBack(t *testing.T) {
	p := large(t, 20)
	for range 2 {
		p.write(map[string]string{"a.yaml": someRoutes(0, 3)})
		p.load(Rejected)
		hash := p.held(17, 20)
		p.write(map[string]string{"a.yaml": someRoutes(0, 20)})
		p.load(Applied)
		p.confirm(hash, ErrNoRemoval)
	}
	p.write(map[string]string{"a.yaml": someRoutes(0, 3)})
	p.load(Rejected)
	hash := p.held(17, 20)
	p.write(map[string]string{"a.yaml": someRoutes(0, 20)}) // and nobody has looked yet
	p.confirm(hash, nil)
	if e := p.changes.Recent(1, nil)[0]; e.By != "" || len(p.live.Entries) != 21 {
		t.Errorf("%+v: that was not confirmed", e)
	}
}

// From which share on, and of which tables.
func TestHowManyRoutesMayGo(t *testing.T) {
	for _, tc := range []struct {
		name                string
		before, first, last int
		percent             int
		want                Outcome
	}{
		{"half", 20, 0, 10, 0, Applied},
		{"more than half", 20, 0, 9, 0, Rejected},
		{"all", 20, 0, 0, 0, Rejected},
		{"all, of few", 9, 0, 0, 0, Applied},
		{"all, of enough", 10, 0, 0, 0, Rejected},
		{"others in their place", 10, 10, 30, 0, Rejected},
		{"others beside them", 10, 0, 1000, 0, Applied},
		{"all, allowed", 20, 0, 0, 100, Applied},
		{"all but one, 99 % allowed", 100, 0, 1, 99, Applied},
		{"one, 1 % allowed", 100, 1, 100, 1, Applied},
		{"two, 1 % allowed", 100, 2, 100, 1, Rejected},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := large(t, tc.before)
			p.tables.UseMaxRemoval(tc.percent)
			p.write(map[string]string{"a.yaml": someRoutes(tc.first, tc.last)})
			p.load(tc.want)
		})
	}
}

// A policy or a match that goes while its route stays is another matter.
func TestRoutesThatOnlyChangeDoNotWait(t *testing.T) {
	p := large(t, 20)
	p.write(map[string]string{"a.yaml": strings.ReplaceAll(someRoutes(0, 20), "/r", "/moved")})
	p.load(Applied)
}

// A folder that is emptied file by file is held back as one that is emptied at once is,
// however long the rest of it takes. Edits that lie further apart are edits.
func TestSlowRemoval(t *testing.T) {
	files := map[string]string{"legacy.yaml": legacyFile}
	for i := range 20 {
		files[fmt.Sprintf("r%02d.yaml", i)] = someRoutes(i, i+1)
	}
	for _, tc := range []struct {
		pause time.Duration
		want  []Outcome // of the first edits, each of which removes a route
	}{
		{time.Second, append(slices.Repeat([]Outcome{Applied}, 10), Rejected, Rejected)},
		{61 * time.Second, slices.Repeat([]Outcome{Applied}, 12)},
	} {
		p := newTables(t, files)
		now := time.Unix(1_700_000_000, 0)
		p.tables.Now = func() time.Time { return now }
		p.load(Applied)
		for i, want := range tc.want {
			now = now.Add(tc.pause)
			must(t, os.Remove(filepath.Join(p.dir, fmt.Sprintf("r%02d.yaml", i))))
			p.load(want)
		}
		if tc.pause > slowRemoval {
			continue
		}
		if got := p.tables.Status().Problems[0].Message; got != "12 of 20 routes would be gone within a minute: r00, r01, r02, r03, r04 and 7 more" {
			t.Error(got)
		}
		now = now.Add(time.Hour) // what waits does not pass because it waits
		must(t, os.Remove(filepath.Join(p.dir, "r12.yaml")))
		p.load(Rejected)
		p.confirm(p.held(13, 20), nil)
		must(t, os.Remove(filepath.Join(p.dir, "r13.yaml"))) // of seven routes
		p.load(Applied)
	}
}

// A gateway that starts and finds most routes of its snapshot gone serves the snapshot.
func TestStartWithoutMostRoutes(t *testing.T) {
	p := large(t, 20)
	revision := p.live.Revision
	p.start()
	p.write(map[string]string{"a.yaml": someRoutes(0, 3)})
	p.load(FromSnapshot)
	p.source(SourceSnapshot)
	if p.live.Revision != revision {
		t.Errorf("serving %s, want %s", p.live.Revision, revision)
	}
	first := p.held(17, 20)
	if r := p.tables.Status().Readiness(); r.Status != "degraded" || !strings.Contains(r.Message, "waits for a confirmation (ficus routes confirm): the last good snapshot serves") {
		t.Errorf("readiness: %+v", r)
	}
	p.tables.Keep() // which has nothing to keep
	p.write(map[string]string{"a.yaml": someRoutes(0, 2)})
	p.load(Rejected)
	p.confirm(first, ErrOtherRemoval)
	p.confirm(p.held(18, 20), nil)
	p.source(SourceFolder)
	p.tables.Keep()

	p.start() // what was confirmed is the last good table now
	p.load(Applied)
	if p.live.Revision == revision || p.tables.Status().Removal != nil {
		t.Error("it does not serve what was confirmed")
	}
}

// A start compares with a snapshot that can serve, and with none else.
func TestStartWithASnapshotThatIsNone(t *testing.T) {
	for name, prepare := range map[string]func(p *published){
		"none":         func(p *published) { must(p.t, os.Remove(p.snapshot())) },
		"damaged":      func(p *published) { must(p.t, os.WriteFile(p.snapshot(), []byte("garbage"), 0o600)) },
		"not compiled": func(p *published) { must(p.t, os.Unsetenv("NEW_SIDE")) },
		"refused by the data plane": func(p *published) {
			publish := p.tables.Publish
			p.tables.Publish = func(table *routetable.Table, policies *authz.Set) route.Problems {
				if len(table.Entries) > 20 {
					return route.Problems{{Code: route.CodeValue, Message: "no"}}
				}
				return publish(table, policies)
			}
		},
		"no state folder": func(p *published) { p.tables.Snapshot = Snapshot{} },
		"all may go":      func(p *published) { p.tables.UseMaxRemoval(100) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("NEW_SIDE", "http://127.0.0.1:1")
			p := newTables(t, map[string]string{
				"legacy.yaml": legacyFile, "b.yaml": "backends: { b: { addresses: [\"{$NEW_SIDE}\"] } }\n", "a.yaml": someRoutes(0, 20),
			})
			p.load(Applied)
			p.tables.Keep()
			p.start()
			must(t, os.Remove(filepath.Join(p.dir, "b.yaml")))
			p.write(map[string]string{"a.yaml": someRoutes(0, 3)})
			prepare(p)
			p.load(Applied)
			p.source(SourceFolder)
		})
	}
}

// Where the Caddyfile allows more, what waits has waited long enough.
func TestMoreIsAllowed(t *testing.T) {
	p := large(t, 20)
	p.write(map[string]string{"a.yaml": someRoutes(0, 8)})
	p.load(Rejected)
	for _, percent := range []int{0, 50, 59} {
		p.tables.UseMaxRemoval(percent)
		p.held(12, 20)
	}
	if n := len(p.changes.Recent(100, func(e *change.Event) bool { return e.Kind == change.TableRejected })); n != 2 {
		t.Errorf("%d changes tell of it, want the edit and the other limit that is too low", n)
	}
	p.tables.UseMaxRemoval(60)
	if len(p.live.Entries) != 9 || p.tables.Status().Removal != nil {
		t.Errorf("%d entries serve", len(p.live.Entries))
	}
}

// Whoever loads, asks and confirms at once, one edit takes effect once.
func TestConfirmConcurrently(t *testing.T) {
	p := large(t, 20)
	p.write(map[string]string{"a.yaml": someRoutes(0, 8)})
	p.load(Rejected)
	hash := p.held(12, 20)
	var wg sync.WaitGroup
	var confirmed [8]error
	for i := range confirmed {
		wg.Go(func() { _, _ = p.tables.Load() })
		wg.Go(func() { _, confirmed[i] = p.tables.Confirm(hash, "") })
		wg.Go(func() { p.tables.Status().Findings() })
	}
	wg.Wait()
	done := 0
	for _, err := range confirmed {
		if err == nil {
			done++
		} else if !errors.Is(err, ErrNoRemoval) {
			t.Error(err)
		}
	}
	if done != 1 || len(p.live.Entries) != 9 {
		t.Errorf("%d confirmations, %d entries", done, len(p.live.Entries))
	}
}

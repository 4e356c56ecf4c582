package control

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ficus/gateway/route"
	"ficus/gateway/routefile"
	"ficus/gateway/routetable"
)

// DefaultMaxRemoval is how many percent of the routes may be gone at once without a
// confirmation, unless [Tables.UseMaxRemoval] says otherwise.
const DefaultMaxRemoval = 50

const (
	fewRoutes   = 10          // a table of fewer may lose any of them: to begin, people take whole files away
	slowRemoval = time.Minute // what goes file by file within it goes at once
	maxRemoved  = 100         // of the routes that would be gone, so many are listed
	namedInText = 5           // and so many named in one line
)

// A Removal is what keeps a folder without errors from serving: most of the routes that
// did would be gone. That is hardly an edit; it is a copy that has stopped half-way, or
// the wrong folder.
type Removal struct {
	Hash   string   `json:"hash,omitempty"` // of the folder's content, for Tables.Confirm
	Gone   int      `json:"gone"`           // of the routes before
	Of     int      `json:"of"`             // routes before
	Routes []string `json:"routes"`         // the ids of those gone, sorted, as far as there are no more than 100
}

// text says how many would be gone, and names the first of them.
func (r *Removal) text(within string) string {
	named := strings.Join(r.Routes[:min(len(r.Routes), namedInText)], ", ")
	if more := r.Gone - namedInText; more > 0 {
		named += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("%d of %d routes would be gone%s: %s", r.Gone, r.Of, within, named)
}

// RemovalOf says which routes of a table are not in another one, if they are more than a
// gateway takes without a confirmation by default. It returns nil if they are not.
func RemovalOf(before, after *routetable.Table) *Removal {
	return removalOf(idsOf(before), after, DefaultMaxRemoval)
}

func removalOf(before []string, after *routetable.Table, percent int) *Removal {
	if len(before) < fewRoutes {
		return nil
	}
	gone := slices.DeleteFunc(slices.Clone(before), func(id string) bool { return after.Entry(id) != nil })
	if len(gone)*100 <= percent*len(before) {
		return nil
	}
	slices.Sort(gone)
	return &Removal{Gone: len(gone), Of: len(before), Routes: gone[:min(len(gone), maxRemoved)]}
}

func idsOf(table *routetable.Table) []string {
	ids := make([]string, len(table.Entries)-1)
	for i := range ids { // the default entry is the last
		ids[i] = table.Entries[i].ID
	}
	return ids
}

// holdBack makes a verdict one without a table where that lacks most of the routes before.
func (t *Tables) holdBack(folder *routefile.Folder, v Verdict) Verdict {
	if v.Table == nil {
		return v
	}
	within := ""
	if serving := t.Status().Table; serving == nil {
		v = t.holdBackAtStart(v)
	} else {
		largest := t.largestLately(serving)
		v.removal = removalOf(idsOf(largest), v.Table, t.percent())
		if largest != serving {
			within = " within a minute"
		}
	}
	if v.removal == nil {
		return v
	}
	v.removal.Hash = contentHash(folder)
	v.Table, v.Problems = nil, append(v.Problems, route.Problem{
		Code: route.CodeRemoval, Origin: route.Origin{File: t.Name}, Message: v.removal.text(within),
		Hint: "if they are to go: ficus routes confirm " + v.removal.Hash + "; if not, bring their files back",
	})
	return v
}

// holdBackAtStart compares with the last good snapshot, and makes that serve where most of
// its routes are gone. One that can't be served holds nothing back.
func (t *Tables) holdBackAtStart(v Verdict) Verdict {
	removal := removalOf(t.idsOfSnapshot(), v.Table, t.percent())
	if removal == nil {
		return v
	}
	snapshot := t.fromSnapshot()
	v.snapshot = &snapshot
	if snapshot.Table != nil {
		v.removal = removal
	}
	return v
}

// contentHash names a content of the folder. It is short enough to be read out, and too
// long to be met by another content.
func contentHash(folder *routefile.Folder) string { return folder.Hash()[:16] }

// largestLately returns the largest table that has served within the last minute, or the
// one from which an edit that waits was held back, so that a folder that is emptied file
// by file does not pass as many small edits.
func (t *Tables) largestLately(serving *routetable.Table) *routetable.Table {
	now := t.Now()
	over := t.Status().Removal == nil && now.Sub(t.largestSince) > slowRemoval
	if t.largest == nil || over || len(serving.Entries) >= len(t.largest.Entries) {
		t.largest, t.largestSince = serving, now
	}
	return t.largest
}

// idsOfSnapshot returns the ids of the routes in the snapshot, none where there is none.
// It only parses: to compile is for a snapshot that has to serve.
func (t *Tables) idsOfSnapshot() []string {
	if t.Snapshot == (Snapshot{}) {
		return nil
	}
	folder, _, err := t.Snapshot.read()
	if err != nil {
		return nil
	}
	set, _ := folder.Parse(t.Lookup)
	ids := make([]string, len(set.Routes))
	for i := range set.Routes {
		ids[i] = set.Routes[i].ID
	}
	return ids
}

func (t *Tables) percent() int {
	if t.maxRemoval == 0 {
		return DefaultMaxRemoval
	}
	return t.maxRemoval
}

// UseMaxRemoval sets how many percent of the routes may be gone at once without a
// confirmation: 1 to 100, 0 for the default. An edit that waits for one is judged anew.
func (t *Tables) UseMaxRemoval(percent int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := t.percent()
	t.maxRemoval = percent
	if t.percent() != before && t.Status().Removal != nil {
		t.loaded = ""
		_, _ = t.load(confirmation{})
	}
}

// A confirmation is somebody's word that one content of the folder is meant. The zero
// value is of none.
type confirmation struct{ hash, by string }

func (c confirmation) of(folder *routefile.Folder) bool {
	return c.hash != "" && c.hash == contentHash(folder)
}

// ErrNoRemoval means that nothing waits for a confirmation; ErrOtherRemoval that it is
// another content of the folder that does, or that the folder was changed meanwhile.
var (
	ErrNoRemoval    = errors.New("no edit waits for a confirmation")
	ErrOtherRemoval = errors.New("that is not the edit that waits")
)

// Confirm makes the content of the folder serve that lacks most of the routes before, and
// that is known by its hash. It counts for this content alone, and takes effect at once.
func (t *Tables) Confirm(hash, by string) (Status, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch waits := t.Status().Removal; {
	case waits == nil:
		return t.Status(), ErrNoRemoval
	case waits.Hash != hash:
		return t.Status(), fmt.Errorf("%w: look at it with ficus routes confirm", ErrOtherRemoval)
	}
	_, _ = t.load(confirmation{hash, by})
	status := t.Status()
	if !status.LastReloadOK {
		return status, fmt.Errorf("%w: the folder was changed meanwhile; %s", ErrOtherRemoval, errorsText(status.Problems))
	}
	return status, nil
}

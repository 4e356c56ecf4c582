// Package traffic is the traffic clock: what decides sides on the running table, without
// an edit and without a compile. Today that is the kill switch.
package traffic

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"ficus/gateway/route"
)

// A Kill says that legacy serves a route whatever file and requests say.
type Kill struct {
	Route  string    `json:"route"`            // its id; "*" for all routes
	Reason string    `json:"reason,omitempty"` // for people
	By     string    `json:"by,omitempty"`     // who did it, as far as that is known
	Since  time.Time `json:"since"`
}

// AllRoutes is the Route of the kill that is of all routes.
const AllRoutes = "*"

// Kills are the routes that are killed. They survive a restart, kept in a file. Methods
// may be called concurrently; [Kills.Of] takes no lock, and of a nil Kills there are none.
type Kills struct {
	file File

	mu      sync.Mutex
	current atomic.Pointer[map[string]Kill] // by route; never nil, never changed
}

// File is where kills are kept. Both may be slow.
type File interface {
	Read() ([]Kill, error) // none where there is no file
	Write([]Kill) error    // all or nothing
}

// maxKills bounds how many there are: as many as anyone would kill one by one.
const maxKills = 10_000

const maxText = 500 // bytes of a reason, and of who did it

// ErrNotKept means that a change has taken effect, and would not survive a restart.
var ErrNotKept = errors.New("it has taken effect, but can't be kept: a restart would forget it")

// New returns the kills that the file holds. With an error there are none, and the file
// stays as it is until the next change.
func New(file File) (*Kills, error) {
	k := &Kills{file: file}
	kept, err := file.Read()
	killed := make(map[string]Kill, len(kept))
	for _, one := range kept {
		killed[one.Route] = one
	}
	k.current.Store(&killed)
	return k, err
}

// Of returns the kill of a route, that of all routes where there is none of its own, or
// nil. Retired routes are no part of all: legacy may no longer have them.
func (k *Kills) Of(id string, stage route.Stage) *Kill {
	if k == nil {
		return nil
	}
	killed := *k.current.Load()
	if len(killed) == 0 {
		return nil
	}
	if one, ok := killed[id]; ok {
		return &one
	}
	if one, ok := killed[AllRoutes]; ok && stage != route.StageRetired {
		return &one
	}
	return nil
}

// List returns all kills, the oldest first.
func (k *Kills) List() []Kill {
	return slices.SortedFunc(maps.Values(*k.current.Load()), func(a, b Kill) int {
		if c := a.Since.Compare(b.Since); c != 0 {
			return c
		}
		return strings.Compare(a.Route, b.Route)
	})
}

// Kill takes effect with the next request, then is kept. A second kill of a route changes
// only why and by whom. The error wraps ErrNotKept where it took effect nevertheless.
func (k *Kills) Kill(one Kill) error {
	for what, text := range map[string]string{"reason": one.Reason, "name of who kills": one.By} {
		if len(text) > maxText || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			return fmt.Errorf("the %s is longer than %d bytes, or not one line of text", what, maxText)
		}
	}
	return k.change(func(killed map[string]Kill) error {
		if before, ok := killed[one.Route]; ok {
			one.Since = before.Since
		} else if len(killed) >= maxKills {
			return fmt.Errorf("%d routes are killed already: kill all", maxKills)
		}
		killed[one.Route] = one
		return nil
	})
}

// Unkill takes the kill of a route back, or that of all routes, and reports whether there
// was one. "All" leaves the kills of single routes in force.
func (k *Kills) Unkill(id string) (was bool, err error) {
	err = k.change(func(killed map[string]Kill) error {
		_, was = killed[id]
		delete(killed, id)
		return nil
	})
	return was, err
}

func (k *Kills) change(edit func(map[string]Kill) error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	killed := maps.Clone(*k.current.Load())
	if err := edit(killed); err != nil {
		return err
	}
	k.current.Store(&killed)
	if err := k.file.Write(k.List()); err != nil {
		return fmt.Errorf("%w: %w", ErrNotKept, err)
	}
	return nil
}

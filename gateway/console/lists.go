package console

import (
	"net/http"

	"ficus/gateway/change"
	"ficus/gateway/control"
	"ficus/gateway/route"
)

func (c *Console) backendsPage(w http.ResponseWriter, r *http.Request) {
	c.show(w, r, "backends", "Backends", c.Of(0, 0).Backends)
}

type problemsData struct {
	control.Readiness
	Problems route.Problems
}

func (c *Console) problemsPage(w http.ResponseWriter, r *http.Request) {
	status := c.Status()
	c.show(w, r, "problems", "Problems", problemsData{status.Readiness(), status.Problems})
}

type changesData struct {
	Events []change.Event
	Kind   string
	Kinds  []change.Kind
	Count  uint64
	Kept   int
}

// maxEvents bounds how many changes a page lists.
const maxEvents = 200

func (c *Console) changesPage(w http.ResponseWriter, r *http.Request) {
	d := changesData{Kind: r.URL.Query().Get("kind"), Kinds: change.Kinds[:], Count: c.Changes.Count(), Kept: change.Kept}
	d.Events = c.Changes.Recent(maxEvents, func(e *change.Event) bool { return d.Kind == "" || string(e.Kind) == d.Kind })
	c.show(w, r, "changes", "Changes", d)
}

// Interface guard
var _ http.Handler = (*Console)(nil)

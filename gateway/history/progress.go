package history

import (
	"encoding/json"
	"io"
	"path/filepath"
	"slices"
	"time"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/statefile"
)

// Progress is how far the migration had come, and what traffic there was until the next
// point.
type Progress struct {
	Time     time.Time                `json:"time"`
	Routes   [len(route.Stages)]int   `json:"routes"`   // by stage
	Requests [len(route.Stages)]int64 `json:"requests"` // by the stage of their route
	NoRoute  int64                    `json:"no_route"` // requests that no route took: legacy's
	New      int64                    `json:"new"`      // requests that the new side served
}

// Total returns how many requests there were.
func (p *Progress) Total() int64 {
	total := p.NoRoute
	for _, n := range p.Requests {
		total += n
	}
	return total
}

const (
	progressEvery   = time.Minute
	progressKept    = 10 * time.Minute // between two writes of the file
	maxProgress     = 1000             // points; above, older ones are joined
	maxProgressFile = 4 << 20          // bytes
)

// progress is guarded by History.mu.
type progress struct {
	points  []Progress
	current Progress // not a point yet
	kept    time.Time
}

func (p *progress) count(table *routetable.Table, id string, side route.Side, requests uint64) {
	if table == nil || requests == 0 {
		return
	}
	e := table.Entry(id)
	switch {
	case e == nil:
		return
	case e == table.Default():
		p.current.NoRoute += int64(requests)
	default:
		p.current.Requests[e.Stage] += int64(requests)
	}
	if side == route.New {
		p.current.New += int64(requests)
	}
}

func (p *progress) tick(table *routetable.Table, now time.Time) {
	if table == nil {
		return
	}
	p.current.Routes = [len(route.Stages)]int{}
	for _, e := range table.Entries[:len(table.Entries)-1] {
		p.current.Routes[e.Stage]++
	}
	if now.Sub(p.current.Time) < progressEvery {
		return
	}
	p.points = append(p.points, p.current)
	p.current = Progress{Time: now}
	if len(p.points) > maxProgress {
		p.points = thin(p.points)
	}
}

// thin joins the points of the older half in pairs: what is old is coarser.
func thin(points []Progress) []Progress {
	half := len(points) / 2 &^ 1
	var kept []Progress
	for i := 0; i < half; i += 2 {
		joined := points[i]
		joined.Routes = points[i+1].Routes
		joined.NoRoute += points[i+1].NoRoute
		joined.New += points[i+1].New
		for stage, n := range points[i+1].Requests {
			joined.Requests[stage] += n
		}
		kept = append(kept, joined)
	}
	return append(kept, points[half:]...)
}

// Progress returns all points, the oldest first. The last one is not complete.
func (h *History) Progress() []Progress {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return append(slices.Clone(h.progress.points), h.progress.current)
}

func (h *History) dueToKeep() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.Now()
	if h.progress.kept.IsZero() {
		h.progress.kept = now
	}
	if now.Sub(h.progress.kept) < progressKept {
		return false
	}
	h.progress.kept = now
	return true
}

func (h *History) keep() {
	h.mu.RLock()
	points := slices.Clone(h.progress.points)
	h.mu.RUnlock()
	if err := h.File.write(points); err != nil {
		h.Logger.Warn("the progress of the migration can't be kept: a restart would forget it", "error", err)
	}
}

// ProgressFile is where progress is kept. The zero ProgressFile keeps nothing.
type ProgressFile string

// ProgressIn names the file in a state folder.
func ProgressIn(state string) ProgressFile {
	return ProgressFile(filepath.Join(state, "progress.json"))
}

func (f ProgressFile) read() ([]Progress, error) {
	if f == "" {
		return nil, nil
	}
	var points []Progress
	if err := statefile.ReadJSON(string(f), maxProgressFile, &points); err != nil {
		return nil, err
	}
	return points[max(0, len(points)-maxProgress):], nil
}

func (f ProgressFile) write(points []Progress) error {
	if f == "" || len(points) == 0 {
		return nil
	}
	return statefile.Replace(string(f), func(w io.Writer) error { return json.NewEncoder(w).Encode(points) })
}

// Package shadow sends copies of requests to the side that does not serve, and has the
// answers compared: stage shadow. The pipeline calls it once the client has legacy's
// answer.
//
// It can't hurt the live path, whatever the other side does, because the two share
// nothing: a copy has its own request, header and context, and goes out through a transport
// of its own, so that neither connections nor breakers of live requests are touched. To hand
// a copy over takes no longer than to put it into a queue. What copies may cost is
// bounded, and what exceeds it is dropped and counted ([Reason]): copies that wait and that
// are under way (shadow_limit of the backend), the time of each, the memory of all
// ([Config]), and the processors that compare, half of them at most.
//
// Workers start when there are copies and end when there are none.
//
// A copy carries a mark ([MarkHeader]), signed by a key that is made of the cohort key: a
// request that comes in with one is a copy itself, of this gateway or of one beside it, and
// is not copied again, so a new side that calls the gateway makes no loop. A mark that
// nobody signed is removed from what clients send. New services may go by it, to count no
// page view twice, say.
//
// What of a request is copied, and whom a copy says it comes from, is the pipeline's to say.
package shadow

import (
	"log/slog"
	"reflect"
	goruntime "runtime"
	"sync"
	"time"

	"ficus/gateway/backend"
	"ficus/gateway/route"
	"ficus/gateway/split"
	"ficus/gateway/telemetry"
)

// Config is what a Copier works with; all fields but the last are required.
type Config struct {
	NewLeaf func(route.Backend) (backend.Leaf, error) // makes the transport of copies to one address of a backend
	Key     *split.Key                                // of the cohorts
	Metrics *telemetry.Metrics
	Random  func() float64   // from 0 to 1, 1 excluded; called concurrently
	Now     func() time.Time // time.Now, outside tests
	Logger  *slog.Logger     // hears of differences at debug

	// MaxBytes is how much memory copies and the answers to be compared may take. Default:
	// 32 MiB.
	MaxBytes int64
}

// DefaultMaxBytes is how much memory copies may take where nobody says.
const DefaultMaxBytes = 32 << 20

// A Copier sends copies. It is safe for concurrent use.
type Copier struct {
	Config
	mark      marker
	memory    budget
	comparing chan struct{} // holds one for each comparison under way
	workers   sync.WaitGroup
	notes     notes
	scratch   sync.Pool // of *[scratchSize]byte

	mu    sync.Mutex
	lanes map[string]*Lane // by the backend's name
}

// New returns a Copier without lanes.
func New(config Config) *Copier {
	if config.MaxBytes == 0 {
		config.MaxBytes = DefaultMaxBytes
	}
	return &Copier{
		Config: config, mark: newMarker(config.Key),
		memory:    budget{limit: config.MaxBytes, changed: config.Metrics.ShadowBytes},
		comparing: make(chan struct{}, max(1, goruntime.GOMAXPROCS(0)/2)),
		lanes:     map[string]*Lane{},
		notes:     notes{routes: map[string][]Finding{}},
		scratch:   sync.Pool{New: func() any { return new([scratchSize]byte) }},
	}
}

// Use returns the lanes to these backends, by name, and ends all others: what waits there
// is dropped. A lane whose backend has not changed is kept. Where a transport can't be
// made, that is the error, and everything stays as it was.
func (c *Copier) Use(backends map[string]route.Backend) (map[string]*Lane, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	next := make(map[string]*Lane, len(backends))
	for name, b := range backends {
		b.Origin = route.Origin{}
		if l := c.lanes[name]; l != nil && reflect.DeepEqual(l.definition, b) {
			next[name] = l
			continue
		}
		l, err := newLane(c, b)
		if err != nil {
			closeExcept(next, c.lanes)
			return nil, err
		}
		next[name] = l
	}
	closeExcept(c.lanes, next)
	for name := range c.lanes {
		if next[name] == nil {
			c.Metrics.ShadowGone(name)
		}
	}
	c.lanes = next
	return next, nil
}

// closeExcept ends the lanes that are not kept.
func closeExcept(lanes, kept map[string]*Lane) {
	for name, l := range lanes {
		if kept[name] != l {
			l.close()
		}
	}
}

// Close ends all lanes and waits for their workers, which copies under way don't hold up.
func (c *Copier) Close() {
	_, _ = c.Use(nil) // which makes nothing that could fail
	c.workers.Wait()
}

// Chosen reports whether a request is one of those that are copied, at a share in percent.
func (c *Copier) Chosen(share float64) bool {
	return share >= 100 || c.Random()*100 < share
}

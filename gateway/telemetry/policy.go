package telemetry

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// policySeries are the series of one route's policy, each made when it is first needed.
type policySeries struct {
	counters sync.Map // policyKey to prometheus.Counter
	took     sync.Map // "" to prometheus.Observer
}

type policyKey struct{ vec, first, second string }

// Decided counts a decision of the route's policy. The cause is one of authz's.
func (r *Route) Decided(mode, cause string, took time.Duration) {
	r.policyCounter(r.metrics.decisions, policyKey{"decisions", mode, cause}).Inc()
	observer, ok := r.policies.took.Load("")
	if !ok {
		r.metrics.mu.Lock()
		if r.removed {
			observer = discardObserver{}
		} else {
			observer = r.metrics.decisionTime.WithLabelValues(r.id)
		}
		r.metrics.mu.Unlock()
		r.policies.took.Store("", observer)
	}
	observer.(prometheus.Observer).Observe(took.Seconds())
}

// Parity counts a request that a policy only observed: what it decided, and whether the
// backend let the client.
func (r *Route) Parity(policy, backend bool) {
	r.policyCounter(r.metrics.parity, policyKey{"parity", allowed(policy), allowed(backend)}).Inc()
}

func allowed(yes bool) string {
	if yes {
		return "allowed"
	}
	return "denied"
}

func (r *Route) policyCounter(vec *prometheus.CounterVec, key policyKey) prometheus.Counter {
	if c, ok := r.policies.counters.Load(key); ok {
		return c.(prometheus.Counter)
	}
	r.metrics.mu.Lock()
	defer r.metrics.mu.Unlock()
	if r.removed {
		return r.metrics.discard
	}
	c := vec.WithLabelValues(r.id, key.first, key.second)
	r.policies.counters.Store(key, c)
	return c
}

// Identified counts a request by who vouches for its principal: the name of a source,
// or one of the words below.
func (m *Metrics) Identified(source string) { m.identified.WithLabelValues(source).Inc() }

// Who vouches where no source does.
const (
	Anonymous = "anonymous"
	Refused   = "refused"
)

// PolicyLogDropped counts a decision that the decision log had no room for.
func (m *Metrics) PolicyLogDropped() { m.policyDropped.Inc() }

package telemetry

import (
	"maps"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// policyServing says which policies decide.
type policyServing struct {
	policyInfo     *prometheus.GaugeVec
	policyOK       prometheus.Gauge
	policyOKTime   prometheus.Gauge
	policyRevision string // recorded last; guarded by Metrics.mu
}

func newPolicyServing() policyServing {
	return policyServing{
		policyInfo: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ficus_policy_info", Help: "1 for the revision of the policies that decide; no series without any.",
		}, []string{"revision"}),
		policyOK: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "ficus_policy_last_reload_successful",
			Help: "1 if the policies that were loaded last decide, 0 if they were refused and those before decide on.",
		}),
		policyOKTime: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "ficus_policy_last_reload_success_timestamp_seconds",
			Help: "When policies were loaded last and not refused.",
		}),
	}
}

func (p *policyServing) collectors() []prometheus.Collector {
	return []prometheus.Collector{p.policyInfo, p.policyOK, p.policyOKTime}
}

// PoliciesServe records which policies decide from now on; "" for none.
func (m *Metrics) PoliciesServe(revision string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if revision != "" {
		m.policyInfo.WithLabelValues(revision).Set(1)
	}
	if m.policyRevision != revision {
		m.policyInfo.DeleteLabelValues(m.policyRevision)
	}
	m.policyRevision = revision
}

// PoliciesLoaded records that policies were loaded, and whether they decide.
func (m *Metrics) PoliciesLoaded(ok bool, now time.Time) {
	m.policyOK.Set(oneIf(ok))
	if ok {
		m.policyOKTime.Set(float64(now.UnixMilli()) / 1000)
	}
}

// policySeries are the series of one route's policy, each made when it is first needed.
type policySeries struct {
	counters atomic.Pointer[map[policyKey]prometheus.Counter] // copied on write
	took     atomic.Pointer[prometheus.Observer]
}

type policyKey struct {
	vec           *prometheus.CounterVec
	first, second string
}

// Decided counts a decision of the route's policy. The cause is one of authz's.
func (r *Route) Decided(mode, cause string, took time.Duration) {
	r.policyCounter(policyKey{r.metrics.decisions, mode, cause}).Inc()
	observer := r.policies.took.Load()
	if observer == nil {
		r.metrics.mu.Lock()
		made := prometheus.Observer(discardObserver{})
		if !r.removed {
			made = r.metrics.decisionTime.WithLabelValues(r.id)
		}
		r.metrics.mu.Unlock()
		observer = &made
		r.policies.took.Store(observer)
	}
	(*observer).Observe(took.Seconds())
}

// Parity counts a request that a policy only observed: what it decided, and whether the
// backend let the client.
func (r *Route) Parity(policy, backend bool) {
	r.policyCounter(policyKey{r.metrics.parity, allowed(policy), allowed(backend)}).Inc()
}

func allowed(yes bool) string {
	if yes {
		return "allowed"
	}
	return "denied"
}

func (r *Route) policyCounter(key policyKey) prometheus.Counter {
	if known := r.policies.counters.Load(); known != nil && (*known)[key] != nil {
		return (*known)[key]
	}
	r.metrics.mu.Lock()
	defer r.metrics.mu.Unlock()
	if r.removed {
		return r.metrics.discard
	}
	counters := map[policyKey]prometheus.Counter{}
	if known := r.policies.counters.Load(); known != nil {
		maps.Copy(counters, *known)
	}
	c := key.vec.WithLabelValues(r.id, key.first, key.second)
	counters[key] = c
	r.policies.counters.Store(&counters)
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

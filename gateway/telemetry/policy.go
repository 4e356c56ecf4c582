package telemetry

import (
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

// Decided counts a decision of the route's policy. The cause is one of authz's.
func (r *Route) Decided(mode, cause string, took time.Duration) {
	r.words.of(r, wordKey{r.metrics.decisions, mode, cause}).Inc()
	r.policyTook.observe(r, r.metrics.decisionTime, took)
}

// Parity counts a request that a policy only observed: what it decided, and whether the
// backend let the client.
func (r *Route) Parity(policy, backend bool) {
	r.words.of(r, wordKey{r.metrics.parity, allowed(policy), allowed(backend)}).Inc()
}

func allowed(yes bool) string {
	if yes {
		return "allowed"
	}
	return "denied"
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

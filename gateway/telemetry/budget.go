package telemetry

import (
	"iter"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// readBudgets asks at each scrape what is left of the retry budgets.
type readBudgets struct {
	description *prometheus.Desc
	read        atomic.Pointer[iter.Seq2[string, float64]]
}

// ReadBudgets says where to learn, by the names of backends, how many retries their budgets
// would allow now.
func (m *Metrics) ReadBudgets(left iter.Seq2[string, float64]) { m.budgetLeft.read.Store(&left) }

// Describe is part of prometheus.Collector.
func (b *readBudgets) Describe(to chan<- *prometheus.Desc) { to <- b.description }

// Collect is part of prometheus.Collector.
func (b *readBudgets) Collect(to chan<- prometheus.Metric) {
	read := b.read.Load()
	if read == nil {
		return
	}
	for backend, left := range *read {
		to <- prometheus.MustNewConstMetric(b.description, prometheus.GaugeValue, left, backend)
	}
}

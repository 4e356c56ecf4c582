package telemetry

import (
	"maps"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ficus/gateway/route"
)

// A Route records the requests of one route. It is resolved when a table is
// loaded, so that a request looks up no label.
type Route struct {
	metrics *Metrics
	id      string
	removed bool // guarded by metrics.mu

	sides    [len(route.Sides)]atomic.Pointer[sideSeries]
	policies policySeries
	copies   shadowSeries
}

// sideSeries are the series of one side; they exist from its first request on.
type sideSeries struct {
	duration prometheus.Observer
	inFlight prometheus.Gauge
	counters atomic.Pointer[map[counterKey]prometheus.Counter] // copied on write
}

type counterKey struct{ method, code string }

// Route returns the recorder of a route, the same one for the same id.
func (m *Metrics) Route(id string) *Route {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.routes[id]
	if r == nil {
		r = &Route{metrics: m, id: id}
		m.routes[id] = r
	}
	return r
}

// Retain deletes the series of all routes but those that keep reports. Requests
// still in flight on a route that is gone are not recorded.
func (m *Metrics) Retain(keep func(id string) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, r := range m.routes {
		if keep(id) {
			continue
		}
		r.removed = true
		delete(m.routes, id)
		match := prometheus.Labels{"route": id}
		m.requests.DeletePartialMatch(match)
		m.duration.DeletePartialMatch(match)
		m.inFlight.DeletePartialMatch(match)
		m.graphQL.DeletePartialMatch(match)
		m.decisions.DeletePartialMatch(match)
		m.decisionTime.DeletePartialMatch(match)
		m.parity.DeletePartialMatch(match)
		m.shadowMetrics.deleteRoute(match)
	}
}

// Begin counts a request in flight on a side, until End.
func (r *Route) Begin(side route.Side) { r.side(side).inFlight.Inc() }

// End ends what Begin began.
func (r *Route) End(side route.Side) { r.side(side).inFlight.Dec() }

// Observe records one request that a side served. The status 499 stands for a
// client that went away before the answer, as in nginx.
func (r *Route) Observe(side route.Side, method string, status int, took time.Duration) {
	s := r.side(side)
	s.duration.Observe(took.Seconds())
	r.counter(s, side, counterKey{methodLabel(method), codeLabel(status)}).Inc()
}

// GraphQLUnmatched counts a request that a GraphQL condition let pass. The reason is
// one of a closed set.
func (r *Route) GraphQLUnmatched(reason string) {
	r.metrics.mu.Lock()
	defer r.metrics.mu.Unlock()
	if !r.removed {
		r.metrics.graphQL.WithLabelValues(r.id, reason).Inc()
	}
}

func (r *Route) side(side route.Side) *sideSeries {
	if s := r.sides[side].Load(); s != nil {
		return s
	}
	r.metrics.mu.Lock()
	defer r.metrics.mu.Unlock()
	if s := r.sides[side].Load(); s != nil {
		return s
	}
	s := &sideSeries{counters: atomic.Pointer[map[counterKey]prometheus.Counter]{}}
	s.counters.Store(&map[counterKey]prometheus.Counter{})
	if r.removed {
		s.duration, s.inFlight = discardObserver{}, r.metrics.discard
	} else {
		s.duration = r.metrics.duration.WithLabelValues(r.id, side.String())
		s.inFlight = r.metrics.inFlight.WithLabelValues(r.id, side.String())
	}
	r.sides[side].Store(s)
	return s
}

func (r *Route) counter(s *sideSeries, side route.Side, key counterKey) prometheus.Counter {
	if c := (*s.counters.Load())[key]; c != nil {
		return c
	}
	r.metrics.mu.Lock()
	defer r.metrics.mu.Unlock()
	if r.removed {
		return r.metrics.discard
	}
	counters := maps.Clone(*s.counters.Load())
	c := r.metrics.requests.WithLabelValues(r.id, side.String(), key.method, key.code)
	counters[key] = c
	s.counters.Store(&counters)
	return c
}

// discardObserver takes durations on routes that are gone.
type discardObserver struct{}

func (discardObserver) Observe(float64) {}

// methodLabel bounds the label to the methods that HTTP defines.
func methodLabel(method string) string {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE":
		return method
	}
	return "other"
}

// codeLabel bounds the label to the status codes that are registered, and 499.
func codeLabel(status int) string {
	if status >= 100 && status < len(codeLabels) && codeLabels[status] != "" {
		return codeLabels[status]
	}
	return "other"
}

var codeLabels = func() (labels [600]string) {
	for code := range labels {
		if http.StatusText(code) != "" || code == 499 {
			labels[code] = strconv.Itoa(code)
		}
	}
	return labels
}()

package telemetry

import (
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
	removed bool         // guarded by metrics.mu
	stage   *route.Stage // recorded last; guarded by metrics.mu
	info    *RouteInfo   // likewise

	sides      [len(route.Sides)]atomic.Pointer[sideSeries]
	requests   lateCounters[requestKey]
	words      lateCounters[wordKey] // whose labels are words of a closed set
	policyTook lateObserver
	shadowTook lateObserver
	resilience resilienceSeries
	limits     limitSeries
}

// sideSeries are the series of one side; they exist from its first request on.
type sideSeries struct {
	duration, overhead prometheus.Observer
	inFlight           prometheus.Gauge
	received, sent     prometheus.Counter     // bytes of bodies
	durations          [Buckets]atomic.Uint64 // requests by how long they took
}

type requestKey struct {
	side         route.Side
	method, code string
}

func (k requestKey) make(r *Route) prometheus.Counter {
	return r.metrics.requests.WithLabelValues(r.id, k.side.String(), k.method, k.code)
}

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
		m.requestMetrics.forget(match)
		m.standMetrics.forget(match)
		m.graphQL.DeletePartialMatch(match)
		m.decisions.DeletePartialMatch(match)
		m.decisionTime.DeletePartialMatch(match)
		m.parity.DeletePartialMatch(match)
		m.resilienceVecs.forget(match)
		m.limitMetrics.forget(match)
		m.shadowMetrics.forget(match)
	}
}

// Begin counts a request in flight on a side, until End.
func (r *Route) Begin(side route.Side) { r.side(side).inFlight.Inc() }

// End ends what Begin began.
func (r *Route) End(side route.Side) { r.side(side).inFlight.Dec() }

// A Request is what is recorded of one.
type Request struct {
	Side     route.Side // that served
	Method   string
	Status   int           // 499 for a client that went away before the answer, as in nginx
	Took     time.Duration // from its arrival to the end of its answer
	Overhead time.Duration // what the gateway itself added until the answer's headers
	Trace    string        // the id of its trace, where that is kept; "" for none
}

// Observe records one request.
func (r *Route) Observe(q Request) {
	s := r.side(q.Side)
	s.durations[bucketOf(q.Took)].Add(1)
	s.overhead.Observe(q.Overhead.Seconds())
	r.requests.of(r, requestKey{q.Side, methodLabel(q.Method), codeLabel(q.Status)}).Inc()
	if traced, ok := s.duration.(prometheus.ExemplarObserver); ok && q.Trace != "" {
		traced.ObserveWithExemplar(q.Took.Seconds(), prometheus.Labels{"trace_id": q.Trace})
	} else {
		s.duration.Observe(q.Took.Seconds())
	}
}

func bucketOf(took time.Duration) int {
	seconds := took.Seconds()
	for i, bound := range durationBuckets {
		if seconds <= bound {
			return i
		}
	}
	return Buckets - 1
}

// Received counts bytes of a request's body on their way to a side.
func (r *Route) Received(side route.Side, bytes int) { r.side(side).received.Add(float64(bytes)) }

// Sent counts bytes of the body of an answer that a side gave.
func (r *Route) Sent(side route.Side, bytes int) { r.side(side).sent.Add(float64(bytes)) }

// GraphQLUnmatched counts a request that a GraphQL condition let pass. The reason is
// one of a closed set.
func (r *Route) GraphQLUnmatched(reason string) {
	r.words.of(r, wordKey{vec: r.metrics.graphQL, first: reason}).Inc()
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
	s := &sideSeries{}
	if r.removed {
		s.duration, s.overhead, s.inFlight = discardObserver{}, discardObserver{}, r.metrics.discard
		s.received, s.sent = r.metrics.discard, r.metrics.discard
	} else {
		r.metrics.requestMetrics.begin(s, r.id, side.String())
	}
	r.sides[side].Store(s)
	return s
}

// methodLabel bounds the label to the methods that HTTP defines.
func methodLabel(method string) string {
	for _, known := range methods {
		if method == known {
			return known
		}
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

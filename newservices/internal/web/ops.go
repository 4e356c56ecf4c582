package web

import (
	"log/slog"
	"maps"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Ops is what those who run a service see of it. Its metrics stand in a registry of its own, so several
// services can live in one process.
type Ops struct {
	// Registry takes the service's own metrics.
	Registry *prometheus.Registry
	// Detail, if set, adds fields to the answer of /readyz. It is called concurrently.
	Detail func() map[string]any

	ready    func() error
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

// durationBuckets are in seconds: from an answer out of memory to a writer that waited for a lock.
var durationBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// NewOps makes the metrics that all services have; their names begin with the service's. Ready is called
// concurrently and must not block; its error is the reason why the service cannot serve.
func NewOps(service string, ready func() error) *Ops {
	o := &Ops{
		Registry: prometheus.NewRegistry(),
		ready:    ready,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: service + "_http_requests_total",
			Help: "Requests to the API answered, by route, method and status code.",
		}, []string{"route", "method", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    service + "_http_request_duration_seconds",
			Help:    "Time from a request's arrival to the end of its answer, by route.",
			Buckets: durationBuckets,
		}, []string{"route"}),
	}
	o.Registry.MustRegister(o.requests, o.duration,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: service + "_ready",
			Help: "1 while the service can serve.",
		}, func() float64 {
			if ready() != nil {
				return 0
			}
			return 1
		}))
	return o
}

// Counter makes and registers a counter.
func (o *Ops) Counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	o.Registry.MustRegister(c)
	return c
}

// Gauge makes and registers a gauge whose value is asked for at each scrape.
func (o *Ops) Gauge(name, help string, value func() float64) {
	o.Registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
}

func (o *Ops) readyz(w http.ResponseWriter) {
	status, body := http.StatusOK, map[string]any{"status": "ready"}
	if err := o.ready(); err != nil {
		status, body = http.StatusServiceUnavailable, map[string]any{"status": "not ready", "reason": err.Error()}
	}
	if o.Detail != nil {
		maps.Copy(body, o.Detail())
	}
	writeStatus(w, status, body)
}

func (o *Ops) metricsHandler(log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(o.Registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	})
}

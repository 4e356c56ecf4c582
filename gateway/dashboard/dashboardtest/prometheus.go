// Package dashboardtest holds what boards and rules are tested with: a real gateway under
// a load that exercises everything, and Prometheus' own storage and engine, which scrape
// it in a time of their own.
//
// A [Scene] is both. Its gateway runs as it always does, in real time; the storage gets
// what it exposes as if the next scrape were due, so that hours of metrics take seconds.
//
//	s := dashboardtest.Start(t)
//	s.Pass(10*time.Minute, s.Browse)
//	s.Cart.Fail(http.StatusInternalServerError)
//	s.Pass(5*time.Minute, s.Browse)
//	found := s.Prometheus.Instant(`sum(rate(ficus_requests_total{code="500"}[1m])) > 0`)
package dashboardtest

import (
	"context"
	"errors"
	"io"
	"math"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/model/timestamp"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/tsdb"
)

// Interval is the time between two scrapes, as in the prometheus.yml that is generated.
const Interval = 15 * time.Second

// Job and Instance are the labels that a scrape adds.
const (
	Job      = "ficus"
	Instance = "gateway:2019"
)

// A Prometheus is a storage and an engine, and the time of both. It is not safe for
// concurrent use.
type Prometheus struct {
	DB     *tsdb.DB
	Engine *promql.Engine

	t     testing.TB
	start time.Time
	now   time.Time
	seen  map[string]labels.Labels // the series of the scrape before
}

// NewPrometheus returns one with an empty storage, which is gone with the test. Its time
// starts now.
func NewPrometheus(t testing.TB) *Prometheus {
	t.Helper()
	options := tsdb.DefaultOptions()
	options.RetentionDuration = 0
	db, err := tsdb.Open(t.TempDir(), nil, nil, options, nil)
	if err != nil {
		t.Fatal(err)
	}
	db.DisableCompactions()
	engine := promql.NewEngine(promql.EngineOpts{
		MaxSamples: 50_000_000, Timeout: time.Minute,
		EnableAtModifier: true, EnableNegativeOffset: true,
		NoStepSubqueryIntervalFn: func(int64) int64 { return time.Minute.Milliseconds() },
		Parser:                   parser.NewParser(parser.Options{}),
	})
	t.Cleanup(func() {
		if err := errors.Join(engine.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	now := time.Now().Truncate(time.Minute)
	return &Prometheus{DB: db, Engine: engine, t: t, start: now, now: now, seen: map[string]labels.Labels{}}
}

// Start is when its time began.
func (p *Prometheus) Start() time.Time { return p.start }

// Now is the time of the scrape that is due.
func (p *Prometheus) Now() time.Time { return p.now }

// Advance lets time pass in which nothing is scraped.
func (p *Prometheus) Advance(d time.Duration) { p.now = p.now.Add(d) }

// Scrape takes what a target exposes, as text, and marks series that it had exposed before
// and exposes no more as gone. Without text the target is down. Then the time is that of
// the next scrape.
func (p *Prometheus) Scrape(text string) {
	p.t.Helper()
	appender := p.DB.Appender(context.Background())
	seen, at := map[string]labels.Labels{}, timestamp.FromTime(p.now)
	add := func(l labels.Labels, v float64) {
		if _, err := appender.Append(0, l, at, v); err != nil {
			p.t.Fatalf("%s: %v", l, err)
		}
		seen[l.String()] = l
	}
	up := 0.
	if text != "" {
		up = 1
		p.parse(text, add)
	}
	add(target(labels.FromStrings(model.MetricNameLabel, "up")), up)
	for key, l := range p.seen {
		if _, still := seen[key]; !still {
			add(l, math.Float64frombits(value.StaleNaN))
			delete(seen, key)
		}
	}
	if err := appender.Commit(); err != nil {
		p.t.Fatal(err)
	}
	p.seen = seen
	p.Advance(Interval)
}

func (p *Prometheus) parse(text string, add func(labels.Labels, float64)) {
	p.t.Helper()
	parsed, err := textparse.New([]byte(text), "text/plain; version=0.0.4", labels.NewSymbolTable(), textparse.ParserOptions{})
	if err != nil {
		p.t.Fatal(err)
	}
	for {
		entry, err := parsed.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			p.t.Fatal(err)
		}
		if entry == textparse.EntrySeries {
			var l labels.Labels
			parsed.Labels(&l)
			_, _, v := parsed.Series()
			add(target(l), v)
		}
	}
}

func target(l labels.Labels) labels.Labels {
	b := labels.NewBuilder(l)
	b.Set("job", Job)
	b.Set("instance", Instance)
	return b.Labels()
}

// Instant runs a query at the time of the last scrape.
func (p *Prometheus) Instant(query string) promql.Vector {
	p.t.Helper()
	at := p.now.Add(-Interval)
	q, err := p.Engine.NewInstantQuery(context.Background(), p.DB, nil, query, at)
	v, err := run(q, err, func(r *promql.Result) (promql.Vector, error) { return r.Vector() })
	if err != nil {
		p.t.Fatalf("%s: %v", query, err)
	}
	return v
}

// Range runs a query over all that was scraped, with a step of a scrape.
func (p *Prometheus) Range(query string) (promql.Matrix, error) {
	q, err := p.Engine.NewRangeQuery(context.Background(), p.DB, nil, query, p.start, p.now.Add(-Interval), Interval)
	return run(q, err, func(r *promql.Result) (promql.Matrix, error) { return r.Matrix() })
}

func run[T any](q promql.Query, err error, result func(*promql.Result) (T, error)) (T, error) {
	if err != nil {
		var none T
		return none, err
	}
	return result(q.Exec(context.Background()))
}

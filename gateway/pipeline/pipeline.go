// Package pipeline is the data plane: the rooms that a request goes through, in
// their order. The order is a safety property and stands here, in [Pipeline.Serve].
//
//	0  record   deferred: one exchange to metrics and log fields   never fails a request
//	1  match    path and host to an entry                          none: the default entry, legacy
//	1b admit    capacity, by the entry's priority                  503, the least important first
//	2  identify token or session to a principal                    anonymous
//	4  choose   stage, weight and cohort to a side                 in doubt legacy
//	2b limit    the entry's rate limit for this client             429
//	3  authorize the route's policy to a decision                  fail closed
//	5  forward  to a backend, streaming both ways                  502, 503 or 504
//
// Choosing sends nothing anywhere, so it stands before authorizing: policies may look at
// the side (ADR 0009). A client that asks too often is refused before its policy is asked.
//
// The control plane hands over tables with [Pipeline.Publish]. A request keeps the
// table that it began with to its end.
//
// Towards clients the pipeline is transparent: the request line goes out byte for
// byte, no response header is added or dropped but those of one connection
// (RFC 9110, 7.6.1), nothing is compressed or decoded, and nothing is buffered but
// the body of a request that a GraphQL condition has to see. Only a route that
// rewrites changes anything, on each attempt for the side that it goes to.
package pipeline

import (
	"cmp"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ficus/gateway/authz"
	"ficus/gateway/backend"
	"ficus/gateway/fault"
	"ficus/gateway/identity"
	"ficus/gateway/limit"
	"ficus/gateway/mining"
	"ficus/gateway/resilience"
	"ficus/gateway/rewrite"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/shadow"
	"ficus/gateway/split"
	"ficus/gateway/telemetry"
	"ficus/gateway/telemetry/trace"
	"ficus/gateway/traffic"
)

// Config is what a pipeline works with; all fields are required but Kills, Random and Shadow.
type Config struct {
	Backends  *backend.Registry
	Metrics   *telemetry.Metrics
	Key       *split.Key       // of the cohorts
	Kills     *traffic.Kills   // which routes legacy has to serve; nil for none
	Decisions authz.Recorder   // of the policies
	Issue     identity.Issue   // of internal tokens
	Mined     *mining.Miner    // what legacy alone serves; nil: nobody wants to know
	Now       func() time.Time // time.Now, outside tests
	Random    func() float64   // from 0 to below 1, of faults; default: math/rand/v2's
	Logger    *slog.Logger

	// Shadow sends copies of requests at stage shadow; nil: there are none.
	Shadow *shadow.Copier
}

// A Pipeline serves requests by the table published last. It is safe for
// concurrent use.
type Pipeline struct {
	Config
	proxy        httputil.ReverseProxy
	destinations *resilience.Destinations

	identity   atomic.Pointer[identity.Gate]
	tracing    atomic.Pointer[trace.Tracer]
	publishing sync.Mutex
	live       atomic.Pointer[serving]

	capacity limit.Capacity
	headers  headerLimit
	buckets  *limit.Buckets
	streams  streams

	faultsOn    atomic.Bool
	faultsKnown bool // UseFaults was called; under publishing
}

// serving is a table with all that its requests need, resolved.
type serving struct {
	table    *routetable.Table
	backends *backend.Set
	policies *authz.Set
	stripper *identity.Stripper // for requests of trusted proxies
	distrust *identity.Stripper // for all others
	guarded  bool               // a policy guards any of the routes
	routes   []bound            // by Entry.Index
}

// bound is an entry with its backends, its rewriters and its series.
type bound struct {
	entry     *routetable.Entry
	policy    *resilience.Policy
	rewriters [len(route.Sides)]*rewrite.Rewriter // nil where nothing changes
	told      [len(route.Sides)]*identity.Outward // how backends are told who asks; nil where they are not
	faults    [len(route.Sides)]*fault.Faults     // what is broken on purpose; nil for nothing
	rule      *limit.Rule                         // nil for no rate limit
	asksWho   bool                                // something depends on who asks
	movesPath bool                                // a side gets another path than the client sent
	shadow    *shadowing                          // nil where nothing is copied
	series    *telemetry.Route
	mined     *mining.Miner // nil where the route has begun to move
}

// New returns a pipeline without a table: it answers 503 until the first Publish.
func New(config Config) *Pipeline {
	p := &Pipeline{Config: config, buckets: limit.NewBuckets(config.Now())}
	if p.Random == nil {
		p.Random = rand.Float64
	}
	p.headers.most.Store(DefaultMaxHeaders)
	p.destinations = resilience.NewDestinations(p.Metrics, p.Random)
	p.streams = streams{open: map[*stream]struct{}{}, tunnels: p.Metrics.Streams("tunnel"), events: p.Metrics.Streams("events")}
	p.Metrics.ReadBudgets(p.destinations.Budgets)
	p.Metrics.ReadLimits(p.capacity.Under, func() int64 { return int64(p.buckets.Len()) })
	p.proxy = httputil.ReverseProxy{
		Rewrite:        prepare,
		Transport:      toBackend{},
		ModifyResponse: p.streams.follow,
		ErrorHandler:   keepError,
		BufferPool:     newBufferPool(),
		ErrorLog:       slog.NewLogLogger(config.Logger.Handler(), slog.LevelDebug),
	}
	return p
}

// UseIdentity says from now on who asks and how backends are told; nil: nobody is known.
func (p *Pipeline) UseIdentity(gate *identity.Gate) { p.identity.Store(gate) }

// UseTracing says how requests are traced from now on; nil: they are not.
func (p *Pipeline) UseTracing(tracer *trace.Tracer) { p.tracing.Store(tracer) }

// Publish makes a table serve from the next request on, guarded by the policies. A
// backend that can't be made is a problem, and then the table before serves on.
func (p *Pipeline) Publish(table *routetable.Table, policies *authz.Set) route.Problems {
	p.publishing.Lock()
	defer p.publishing.Unlock()
	backends, problems := p.Backends.Hold(table.Backends)
	if problems.HasErrors() {
		return problems
	}
	next, problem := p.bind(table, policies, backends)
	if problem != nil {
		backends.Release()
		return route.Problems{*problem}
	}
	destinations := p.destinations.Hold(table.Backends, backends) // what the table before spent is forgotten, so nothing may fail any more
	ids := make(map[string]bool, len(next.routes))
	for i := range next.routes {
		b := &next.routes[i]
		b.policy = resilience.Compile(b.entry, destinations, b.series)
		ids[b.entry.ID] = true
	}
	old := p.live.Swap(next)
	p.Metrics.Retain(func(id string) bool { return ids[id] })
	next.tellStands(p.Metrics)
	p.tellFaults(next)
	if old != nil {
		old.backends.Release()
	}
	return problems
}

// bind resolves all that requests of a table need, but for what retries and fallbacks cost.
func (p *Pipeline) bind(table *routetable.Table, policies *authz.Set, backends *backend.Set) (*serving, *route.Problem) {
	told := toldHeaders(table.Backends)
	stripper, err := identity.NewStripper(told, nil)
	distrust, err2 := identity.NewStripper(append(told, proxyHeaders...), nil)
	if err := cmp.Or(err, err2); err != nil {
		return nil, &route.Problem{Code: route.CodeValue, Message: err.Error()}
	}
	next := &serving{stripper: stripper, distrust: distrust, table: table, policies: policies, backends: backends, routes: make([]bound, len(table.Entries))}
	next.guarded = slices.ContainsFunc(table.Entries, (*routetable.Entry).Guarded)
	rewriters := rewrite.Compile(table)
	for i, e := range table.Entries {
		b := &next.routes[i]
		*b = bound{entry: e, series: p.Metrics.Route(e.ID), rule: limit.NewRule(e.ID, &e.Resilience.RateLimit), mined: p.mine(e)}
		for _, side := range route.Sides {
			b.rewriters[side] = rewriters.Of(e, side)
			b.movesPath = b.movesPath || b.rewriters[side].MovesPath()
			b.faults[side] = p.faultsOf(e, side, b.series)
			if b.told[side], err = p.tell(table.Backend(e.BackendOf(side)), e.Claims); err != nil {
				return nil, &route.Problem{Code: route.CodeValue, Origin: e.Origin, Route: e.ID, Message: err.Error()}
			}
		}
		b.asksWho = asksWho(e, b.told) || b.rule.AsksWho() || next.guarded && b.movesPath
	}
	if err := p.shadow(next); err != nil {
		return nil, &route.Problem{Code: route.CodeValue, Message: err.Error()}
	}
	return next, nil
}

// Close gives the backends back. Requests in flight end as usual; new ones get 503. After
// Drain it waits for the streams first.
func (p *Pipeline) Close() {
	p.streams.end()
	p.publishing.Lock()
	defer p.publishing.Unlock()
	if old := p.live.Swap(nil); old != nil {
		old.backends.Release()
	}
}

// Table returns the table that serves now, nil before the first Publish.
func (p *Pipeline) Table() *routetable.Table {
	if s := p.live.Load(); s != nil {
		return s.table
	}
	return nil
}

// An Error is why no backend's answer reached the client. Nothing was written to
// the client when it is returned.
type Error struct {
	Status int // to answer: 400, 408, 413, 429, 431, 499 for a client that went away, 502, 503 or 504; or a policy's
	Err    error

	Denied bool              // by a policy
	Header map[string]string // of the answer; not to be changed
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

var errNoTable = errors.New("no route table is loaded yet")

// Serve takes a request through the rooms. What they find out is left in x, which
// must be new; it is complete when Serve returns or panics. The error is an *Error.
func (p *Pipeline) Serve(w http.ResponseWriter, r *http.Request, client Client, x *Exchange) error {
	live := p.live.Load()
	if live == nil {
		return &Error{Status: http.StatusServiceUnavailable, Err: errNoTable}
	}
	full := p.capacity.Begin()
	defer p.capacity.End()
	if full {
		p.Metrics.ShedAll()
		x.Status = http.StatusServiceUnavailable
		return crowded[route.CriticalPriority]
	}
	gate := p.identity.Load()
	p.strip(r, live.stripperFor(client), gate, x)
	x.begin(r, client, gate, p.Now())
	x.trace = p.tracing.Load().Begin(r, client.Trusted)
	defer x.record(p.Now)
	if p.headers.exceeded(r.Header) {
		return x.fail(http.StatusRequestHeaderFieldsTooLarge, errManyHeaders)
	}
	if err := x.match(live); err != nil {
		return err
	}
	if err := p.admit(x); err != nil {
		return err
	}
	x.identify(p.Metrics)
	x.choose(p.Key, p.Kills)
	if err := p.limit(x); err != nil {
		return err
	}
	if err := p.authorize(live, x); err != nil {
		return err
	}
	return p.forward(w, x)
}

package pipeline

import (
	"errors"
	"net/http"

	"ficus/gateway/limit"
	"ficus/gateway/route"
)

var (
	errCrowded = errors.New("the gateway has as many requests under way as it may have")
	errLimited = errors.New("the client has asked too often (rate_limit)")
)

// crowded are the refusals of each priority, made once: a gateway that is out of capacity
// has none to spare for saying so. What matters less comes back later.
var crowded = [...]*Error{
	route.LowPriority:      newCrowded("5"),
	route.NormalPriority:   newCrowded("2"),
	route.HighPriority:     newCrowded("1"),
	route.CriticalPriority: newCrowded("1"),
}

func newCrowded(retryAfter string) *Error {
	return &Error{Status: http.StatusServiceUnavailable, Err: errCrowded, Header: map[string]string{"Retry-After": retryAfter}}
}

// UseCapacity says how many requests may be under way from now on; 0 is no limit.
func (p *Pipeline) UseCapacity(requests int) {
	p.capacity.Set(requests)
	p.Metrics.CapacityIs(p.capacity.Limit())
}

// admit is room 1b: whether the gateway has room for a request of the route's priority.
// It stands before anything that costs more than the match.
func (p *Pipeline) admit(x *Exchange) error {
	priority := x.Entry.Resilience.Priority
	if !p.capacity.Crowded(priority) {
		return nil
	}
	x.shed = true
	x.bound.series.Shed(priority)
	x.Status = http.StatusServiceUnavailable
	return crowded[priority]
}

// limit is room 2b: whether the client has asked the route too often. It stands behind
// identify, because most limits are by who is logged in, and before authorize: who may
// not is the one to try most often, and policies cost more than a number. A side is chosen
// by then, so that metrics say whose request it was.
func (p *Pipeline) limit(x *Exchange) error {
	rule := x.bound.rule
	if rule == nil {
		return nil
	}
	x.verdict = p.buckets.Take(rule, limit.Client{IP: x.client.IP, Request: x.request, Claim: x.claim}, p.Now())
	if !x.verdict.Refused {
		return nil
	}
	x.bound.series.Limited()
	x.Status = http.StatusTooManyRequests
	header := map[string]string{"Retry-After": x.verdict.RetryAfter()}
	rule.Tell(x.verdict, func(name, value string) { header[name] = value })
	return &Error{Status: http.StatusTooManyRequests, Err: errLimited, Header: header}
}

// tellLimit adds to a backend's answer what is left to the client.
func (x *Exchange) tellLimit(to http.Header) { x.bound.rule.Tell(x.verdict, to.Add) }

// claim returns what is known of who asks, as a text.
func (x *Exchange) claim(name string) string {
	if x.Principal == nil {
		return ""
	}
	return x.Principal.Text(name)
}

// Package limit refuses what is too much: of one client, by the rate limit of a route
// ([Buckets]), and of all together, by the capacity of the gateway ([Capacity]).
//
// Both decide in less than a microsecond, without a goroutine, a timer or an allocation,
// and hold no lock longer than it takes to look up one number: who floods a gateway must
// not find that refusing is what it can't keep up with.
//
// The pipeline asks for both in its room "admit". Nothing here knows HTTP answers.
package limit

import (
	"fmt"
	"math"
	"time"

	"ficus/gateway/route"
)

// A Rule is the rate limit of one route, compiled. It is immutable.
type Rule struct {
	name   string // of the route and what the limit says: equal rules share their buckets
	by     []route.Source
	every  int64 // nanoseconds from one token to the next
	span   int64 // nanoseconds that it takes to fill the bucket but for one token
	burst  int
	tells  bool   // answers tell what is left
	policy string // the header RateLimit-Policy
}

var defaultBy = []route.Source{{Kind: route.FromClaim, Name: "sub"}, {Kind: route.FromClientIP}}

// NewRule returns the rule of a route's limit, nil for none. Limits of one route that say
// the same rate and burst go on with the same buckets.
func NewRule(id string, l *route.RateLimit) *Rule {
	if l.Rate.IsZero() {
		return nil
	}
	r := &Rule{
		by: l.By, burst: l.Burst, tells: l.Headers == route.On,
		every: int64(math.Round(float64(l.Rate.Per) / float64(l.Rate.Events))),
	}
	if r.by == nil {
		r.by = defaultBy
	}
	if r.burst == 0 {
		r.burst = max(1, int(l.Rate.PerSecond()))
	}
	r.span = r.every * int64(r.burst-1)
	r.name = fmt.Sprintf("%s %s %d", id, l.Rate, r.burst)
	r.policy = fmt.Sprintf(`"gateway";q=%d;w=%d`, r.burst, seconds(time.Duration(r.span+r.every)))
	return r
}

// AsksWho reports whether the rule depends on who is logged in. A nil Rule does not.
func (r *Rule) AsksWho() bool {
	if r == nil {
		return false
	}
	for _, s := range r.by {
		if s.Kind == route.FromClaim {
			return true
		}
	}
	return false
}

// seconds rounds up, to at least 1.
func seconds(d time.Duration) int64 {
	return max(1, int64((d+time.Second-1)/time.Second))
}

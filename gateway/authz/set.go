package authz

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/topdown"

	"ficus/gateway/route"
)

// A Set is the policies of one folder, compiled and tested. It is immutable and may be
// asked concurrently.
type Set struct {
	Revision string // 12 hexadecimal digits; equal folders have equal revisions
	Tests    int    // of the folder's own that passed

	budget   time.Duration
	policies map[string]*policy
	kept     *kept               // decisions; nil: none are kept
	desks    *sync.Pool          // of *desk
	now      func() time.Time    // nil: time.Now
	tracer   topdown.QueryTracer // nil: nothing is traced
}

// policy is one package, ready to be asked.
type policy struct {
	name     string
	question *question
	reads    projection
	body     bool // it reads the body, or may

	origin route.Origin
}

// A desk is what a decision takes room for, and the next one again.
type desk struct {
	key    []byte
	asking asking
	known  results
}

func newDesks() *sync.Pool { return &sync.Pool{New: func() any { return new(desk) }} }

// clear lets go of the decision.
func (d *desk) clear() {
	d.key, d.asking = d.key[:0], asking{}
	d.known.forget()
}

// Names returns the names of the policies, sorted.
func (s *Set) Names() []string {
	if s == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(s.policies))
}

// ID returns the revision of the policies, "" for none.
func (s *Set) ID() string {
	if s == nil {
		return ""
	}
	return s.Revision
}

// Has reports whether there is a policy of that name.
func (s *Set) Has(name string) bool { return s != nil && s.policies[name] != nil }

// Origin returns where a policy says who may: the place of its rule.
func (s *Set) Origin(name string) route.Origin {
	if !s.Has(name) {
		return route.Origin{}
	}
	return s.policies[name].origin
}

// Reads returns the paths of the input that a policy reads, such as "method" and
// "principal.claims.role", in the order of [Input]; all of them where that can't be told.
func (s *Set) Reads(name string) []string {
	if !s.Has(name) {
		return nil
	}
	return s.policies[name].reads.paths()
}

// ReadsBody reports whether a policy reads the body, or may. It denies what does not show
// it the body.
func (s *Set) ReadsBody(name string) bool { return s.Has(name) && s.policies[name].body }

// ReadsKey reports whether a policy reads a key of the input, such as "params", or may.
func (s *Set) ReadsKey(name, key string) bool { return s.Has(name) && s.policies[name].reads.has(key) }

// Keeps reports whether decisions of a policy may be kept for some seconds: they depend on
// nothing but what it reads.
func (s *Set) Keeps(name string) bool { return s.Has(name) && s.policies[name].reads.pure }

// HeadersOf returns the headers that a policy reads by their names, in lower case, sorted.
// One that reads headers whose names can't be told beforehand has none.
func (s *Set) HeadersOf(name string) []string {
	var headers []string
	for _, path := range s.Reads(name) {
		if header, ok := strings.CutPrefix(path, "headers."); ok {
			headers = append(headers, header)
		}
	}
	return headers
}

// Within returns the same policies with another limit on how long one decision may take.
func (s *Set) Within(budget time.Duration) *Set {
	if s == nil || s.budget == budget {
		return s
	}
	other := *s
	other.budget = budget
	return &other
}

// Decide asks a policy. It never fails: what goes wrong is a denial whose cause says
// so. A nil Set has no policies. A decision that depends on nothing but what the policy
// reads of the input may be one of a few seconds ago.
func (s *Set) Decide(ctx context.Context, name string, in *Input) (d Decision) {
	started := time.Now()
	defer func() {
		if cause := recover(); cause != nil {
			d = deny(Failed, fmt.Sprintf("the evaluation panicked: %v", cause))
		}
		d.Took = time.Since(started)
	}()
	if !s.Has(name) {
		return deny(Missing, fmt.Sprintf("there is no policy %q", name))
	}
	p, now := s.policies[name], started
	switch in.BodyState {
	case BodyTooLarge, BodyMalformed, BodyUnread:
		return deny(Unseen, "the body is "+string(in.BodyState))
	case BodyNotAsked:
		if p.body {
			return deny(Unseen, "the policy reads the body, which it is not shown")
		}
	}
	if s.now != nil {
		now = s.now()
	}
	w := s.desks.Get().(*desk)
	w.asking = asking{at: now, end: deadline{started: started, budget: s.budget}, known: &w.known, tracer: s.tracer}
	d = s.decide(ctx, p, in, w)
	w.clear() // not where the evaluation panicked: who knows what it left behind
	s.desks.Put(w)
	return d
}

// decide asks a policy, or finds what it said.
func (s *Set) decide(ctx context.Context, p *policy, in *Input, w *desk) Decision {
	if s.kept == nil || !p.reads.pure {
		return p.ask(ctx, in, w)
	}
	var ok bool
	if w.key, ok = appendKey(appendText(w.key, p.name), p.reads.parts, in); !ok {
		return p.ask(ctx, in, w)
	}
	if d, ok := s.kept.get(w.key, w.asking.at); ok {
		return d
	}
	d := p.ask(ctx, in, w)
	s.kept.put(w.key, d, w.asking.at, in.Principal.Expires)
	return d
}

// ask evaluates a policy on what it reads of the input.
func (p *policy) ask(ctx context.Context, in *Input, w *desk) Decision {
	input, err := build(p.reads.parts, in)
	if err != nil {
		return deny(Failed, "building the input: "+err.Error())
	}
	w.asking.input = input
	answer, err := p.question.put(ctx, &w.asking)
	var failure *topdown.Error
	switch {
	case errors.As(err, &failure) && failure.Code == topdown.CancelErr:
		return deny(Late, fmt.Sprintf("the evaluation took more than %v", w.asking.end.budget))
	case err != nil:
		return deny(Failed, err.Error())
	case answer == nil:
		return deny(Undefined, "the policy says nothing of this request")
	}
	return readAnswer(answer)
}

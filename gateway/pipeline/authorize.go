package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"ficus/gateway/authz"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// errAmbiguous is why a path is refused that backends may read as another one, which
// another policy guards. A route can't make it mean one thing.
var errAmbiguous = errors.New("ambiguous_path: a backend may read the path as one that another policy guards")

// errSmallMethod is why a method is refused that many backends take for the one in
// capitals, which routes and policies may guard.
var errSmallMethod = errors.New("the method has small letters")

// authorize is room 3: it asks the route's policy, and fails closed. It stands behind
// room 4, which sends nothing anywhere, so that policies see the side. A path that the
// route rewrites is authorized as what it becomes, too.
func (p *Pipeline) authorize(live *serving, x *Exchange) error {
	if !live.guarded {
		return nil
	}
	if strings.ContainsFunc(x.request.Method, unicode.IsLower) {
		return x.fail(http.StatusBadRequest, errSmallMethod)
	}
	readings, err := x.readings(live.table)
	if err != nil {
		return err
	}
	if x.Entry.Guarded() {
		if err := p.ask(live, x, x.Entry, x.Path, readings); err != nil {
			return err
		}
	}
	if !x.bound.movesPath {
		return nil
	}
	return p.authorizeRewritten(live, x)
}

// ask asks the policy of an entry about a request, by a path and what else it may be read as.
func (p *Pipeline) ask(live *serving, x *Exchange, e *routetable.Entry, path string, others []string) error {
	defer x.trace.Room("authorize").End()
	input, failure := x.policyInput(e)
	segments, params := live.policies.ReadsKey(e.Policy, "segments"), live.policies.ReadsKey(e.Policy, "params")
	decide := func(path string) authz.Decision {
		input.Path = path
		if segments {
			input.Segments = routetable.Segments(path)
		}
		if params {
			input.Params = e.Pattern.Params(path)
		}
		return live.policies.Decide(x.request.Context(), e.Policy, input)
	}
	decision := decide(path)
	for _, other := range others {
		if !decision.Allow {
			break
		}
		decision = decide(other)
	}
	if e == x.Entry {
		x.Decision = &decision
	}
	x.bound.series.Decided(e.Mode.String(), string(decision.Cause), decision.Took)
	if p.Decisions.Enabled(decision) {
		p.Decisions.Decided(x.decided(live, e, input, decision))
	}
	switch {
	case failure != nil && errors.Is(context.Cause(x.request.Context()), context.Canceled):
		return x.fail(statusClientGone, failure)
	case decision.Allow:
		if e == x.Entry {
			x.force(decision)
		}
		return nil
	case e.Mode == route.Observe:
		return nil
	}
	x.Decision, x.Status = &decision, decision.Status
	return &Error{
		Status: decision.Status, Header: decision.Headers, Denied: true,
		Err: fmt.Errorf("policy %s: %s", e.Policy, decision.Cause),
	}
}

// authorizeRewritten asks, for each side whose path is another than the client's, the
// policy that guards that path at the same backend. Else a route that takes a prefix away
// would be a way around it.
func (p *Pipeline) authorizeRewritten(live *serving, x *Exchange) error {
	for _, side := range route.Sides {
		rewriter := x.bound.rewriters[side]
		if !rewriter.MovesPath() {
			continue
		}
		raw := rewriter.Path(x.Path)
		backend := x.Entry.BackendOf(side)
		reaches := func(e *routetable.Entry) bool { return e.Reaches(backend) }
		asked := x.asked()
		asked.Path, asked.Among = routetable.Canonical(raw), reaches
		e := live.table.Match(&asked)
		own, ok := live.table.Unambiguous(e, raw, asked)
		if !ok {
			return x.fail(http.StatusBadRequest, errAmbiguous)
		}
		if e == x.Entry || !e.Guarded() || !reaches(e) {
			continue
		}
		if err := p.ask(live, x, e, asked.Path, own); err != nil {
			return err
		}
	}
	return nil
}

// readings returns the other paths that backends may read and the same entry owns. A path
// that may be read as one of another policy is refused.
func (x *Exchange) readings(table *routetable.Table) ([]string, error) {
	own, ok := table.Unambiguous(x.Entry, x.target.path, x.asked())
	if !ok {
		return nil, x.fail(http.StatusBadRequest, errAmbiguous)
	}
	return own, nil
}

// asked is what a table is asked about the request.
func (x *Exchange) asked() routetable.Request {
	return routetable.Request{
		Method: x.request.Method, Host: x.request.Host, Path: x.Path,
		RawQuery: x.request.URL.RawQuery, Header: x.request.Header, Body: x,
	}
}

// policyInput is what the policy of an entry gets to see, but for what is made of the path.
// The error is of the client's body, which then counts as not seen.
func (x *Exchange) policyInput(e *routetable.Entry) (*authz.Input, error) {
	in := pathless(e, &routetable.Request{Method: x.request.Method, Host: x.request.Host, Path: x.Path, Header: x.request.Header})
	in.Side, in.ClientIP, in.Principal = x.Side.String(), x.client.IP, principalOf(x.Principal)
	if e.Input.Body == route.BodyNone {
		return in, nil
	}
	var err error
	in.Body, in.BodyState, err = x.policyBody(e.Input.BodyLimit())
	return in, err
}

// InputOf is what the policy of an entry gets to see of a request: all that does not
// depend on who sent it and which side serves it, and no body. Tools see the same by it.
func InputOf(e *routetable.Entry, r *routetable.Request) *authz.Input {
	in := pathless(e, r)
	in.Path, in.Segments, in.Params = r.Path, routetable.Segments(r.Path), e.Pattern.Params(r.Path)
	return in
}

// pathless is InputOf without what is made of the path.
func pathless(e *routetable.Entry, r *routetable.Request) *authz.Input {
	return &authz.Input{
		Method: r.Method, Host: authz.Host(r.Host), Route: e.ID, Group: e.Group, Stage: e.Stage.String(),
		Headers: authz.Headers(r.Header, e.Input.Headers),
	}
}

// policyBody reads the body for the policy.
func (x *Exchange) policyBody(limit int) (any, authz.BodyState, error) {
	if x.request.ContentLength > int64(limit) {
		return nil, authz.BodyTooLarge, nil
	}
	x.continued = x.continued || x.request.Header.Get("Expect") != ""
	text, err := x.body.look(x.request.ContentLength, limit+1)
	if err != nil {
		return nil, authz.BodyUnread, err
	}
	value, state := authz.Body(text, limit)
	return value, state, nil
}

func (c *Client) requestID() string {
	if c.RequestID == nil {
		return ""
	}
	return c.RequestID()
}

// decided is the decision for the log, with all that a policy could have read.
func (x *Exchange) decided(live *serving, e *routetable.Entry, in *authz.Input, d authz.Decision) authz.Event {
	in.Segments, in.Params = routetable.Segments(in.Path), e.Pattern.Params(in.Path)
	return authz.Event{
		Time: x.start, RequestID: x.client.requestID(), Policy: e.Policy, Revision: live.policies.ID(),
		Observed: e.Mode == route.Observe, Input: in, Decision: d,
	}
}

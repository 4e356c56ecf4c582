package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"ficus/gateway/authz"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// errAmbiguous is why a path is refused that backends may read as another one, which
// another policy guards. A route can't make it mean one thing.
var errAmbiguous = errors.New("ambiguous_path: a backend may read the path as one that another policy guards")

// authorize is room 3: it asks the route's policy, and fails closed. It stands behind
// room 4, which sends nothing anywhere, so that policies see the side.
func (p *Pipeline) authorize(live *serving, x *Exchange) error {
	if !live.guarded {
		return nil
	}
	readings, err := x.readings(live.table)
	if err != nil || !x.Entry.Guarded() {
		return err
	}
	defer x.trace.Room("authorize").End()
	input, failure := x.policyInput()
	decision := live.policies.Decide(x.request.Context(), x.Entry.Policy, input)
	for _, path := range readings {
		if !decision.Allow {
			break
		}
		input.Path, input.Segments, input.Params = path, routetable.Segments(path), x.Entry.Pattern.Params(path)
		decision = live.policies.Decide(x.request.Context(), x.Entry.Policy, input)
	}
	x.Decision = &decision
	x.bound.series.Decided(x.Entry.Mode.String(), string(decision.Cause), decision.Took)
	if p.Decisions.Enabled(decision) {
		p.Decisions.Decided(x.decided(live, input, decision))
	}
	switch {
	case failure != nil && errors.Is(context.Cause(x.request.Context()), context.Canceled):
		return x.fail(statusClientGone, failure)
	case decision.Allow:
		x.force(decision)
		return nil
	case x.Entry.Mode == route.Observe:
		return nil
	}
	x.Status = decision.Status
	return &Error{
		Status: decision.Status, Header: decision.Headers, Denied: true,
		Err: fmt.Errorf("policy %s: %s", x.Entry.Policy, decision.Cause),
	}
}

// readings returns the other paths that backends may read and the same entry owns. A path
// that may be read as one of another policy is refused, and one with a NUL.
func (x *Exchange) readings(table *routetable.Table) ([]string, error) {
	if x.Entry.Paths == route.ExactReading {
		return nil, nil
	}
	paths, ok := routetable.Readings(x.target.path)
	if !ok || strings.Contains(x.target.path, "%00") {
		return nil, x.fail(http.StatusBadRequest, errAmbiguous)
	}
	var own []string
	for _, path := range paths {
		other := table.Match(&routetable.Request{
			Method: x.request.Method, Host: x.request.Host, Path: path,
			RawQuery: x.request.URL.RawQuery, Header: x.request.Header, Body: x,
		})
		switch {
		case other == x.Entry:
			own = append(own, path)
		case other.Guarded() != x.Entry.Guarded(), other.Guarded() && (other.Policy != x.Entry.Policy || other.Mode != x.Entry.Mode):
			return nil, x.fail(http.StatusBadRequest, errAmbiguous)
		}
	}
	return own, nil
}

// policyInput is what the policy gets to see. The error is of the client's body, which
// then counts as not seen.
func (x *Exchange) policyInput() (*authz.Input, error) {
	e := x.Entry
	in := InputOf(e, &routetable.Request{Method: x.request.Method, Host: x.request.Host, Path: x.Path, Header: x.request.Header})
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
	return &authz.Input{
		Method: r.Method, Host: authz.Host(r.Host), Path: r.Path, Segments: routetable.Segments(r.Path),
		Route: e.ID, Group: e.Group, Stage: e.Stage.String(),
		Params: e.Pattern.Params(r.Path), Headers: authz.Headers(r.Header, e.Input.Headers),
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

// decided is the decision for the log.
func (x *Exchange) decided(live *serving, in *authz.Input, d authz.Decision) authz.Event {
	return authz.Event{
		Time: x.start, RequestID: x.client.requestID(), Policy: x.Entry.Policy, Revision: live.policies.ID(),
		Observed: x.Entry.Mode == route.Observe, Input: in, Decision: d,
	}
}

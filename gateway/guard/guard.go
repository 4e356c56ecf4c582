// Package guard is room 3 alone: policies in front of any handler, where there is no
// route table. It asks a policy of package authz about an HTTP request, and keeps a
// folder of policies up to date.
package guard

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"ficus/gateway/authz"
	"ficus/gateway/routetable"
)

// DefaultBody is the largest body, in bytes, that a policy gets to see if nothing is
// said about it.
const DefaultBody = 64 << 10

// Policies are where a guard finds its policy: those that decide now, nil for none.
type Policies interface {
	Set() *authz.Set
}

// A Guard asks one policy. It is immutable and may be asked concurrently.
type Guard struct {
	Policies Policies
	Policy   string        // its name
	Timeout  time.Duration // of one decision; above 0
	Headers  []string      // the policy gets to see
	Body     int           // bytes of a body the policy gets to see; 0 for none of it
	Observe  bool          // the policy is asked, and what it says only recorded
	Recorder authz.Recorder
	Now      func() time.Time
}

// Client is what the server knows of who asks.
type Client struct {
	IP        string
	RequestID string
	Principal authz.Principal
}

// Ask asks the policy about a request as it would go on, which is to be refused if the
// decision does not allow and the guard does not only observe. Where the policy sees the
// body, the request gets another one that reads the same.
//
// A backend may read an odd path otherwise than the policy ("/a//b", "/a%2Fb", "/a;x"),
// so the policy has to allow every reading; a path with too many is refused (400).
func (g *Guard) Ask(r *http.Request, c Client) authz.Decision {
	raw := r.URL.EscapedPath()
	in := g.Input(r, raw, c)
	set := g.Policies.Set().Within(g.Timeout)
	d := g.decide(r, set, raw, in)
	g.Recorder.Decided(authz.Event{
		Time: g.Now(), RequestID: c.RequestID, Policy: g.Policy, Revision: set.ID(),
		Observed: g.Observe, Input: in, Decision: d,
	})
	return d
}

func (g *Guard) decide(r *http.Request, set *authz.Set, raw string, in *authz.Input) authz.Decision {
	others, ok := routetable.Readings(raw)
	if !ok || strings.Contains(raw, "%00") {
		return authz.Decision{Cause: authz.Denied, Status: http.StatusBadRequest, Reason: "the path can be read in too many ways"}
	}
	first := set.Decide(r.Context(), g.Policy, in)
	for _, path := range others {
		if !first.Allow {
			break
		}
		reading := *in
		reading.Path, reading.Segments = path, routetable.Segments(path)
		if d := set.Decide(r.Context(), g.Policy, &reading); !d.Allow {
			d.Reason = strings.TrimSpace("read as " + path + ": " + d.Reason)
			return d
		}
	}
	return first
}

// Input is what the policy gets to see of a request with that path on the wire. The body
// can be read again.
func (g *Guard) Input(r *http.Request, raw string, c Client) *authz.Input {
	path := routetable.Canonical(raw)
	in := &authz.Input{
		Method: r.Method, Host: authz.Host(r.Host), Path: path, Segments: routetable.Segments(path),
		ClientIP: c.IP, Headers: authz.Headers(r.Header, g.Headers), Principal: c.Principal,
	}
	if g.Body > 0 {
		in.Body, in.BodyState = g.look(r)
	}
	return in
}

// look reads the body, whole or not at all, and puts it back.
func (g *Guard) look(r *http.Request) (any, authz.BodyState) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, authz.BodyEmpty
	}
	if r.ContentLength > int64(g.Body) {
		return nil, authz.BodyTooLarge
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, int64(g.Body)+1))
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(text), r.Body), r.Body}
	if err != nil {
		return nil, authz.BodyUnread
	}
	return authz.Body(text, g.Body)
}

// Vars returns what later handlers may want to know of a decision, by name: allow, cause,
// reason and obligations.<name>. What is neither text, number nor truth value is JSON.
func Vars(d authz.Decision) map[string]any {
	vars := map[string]any{"allow": d.Allow, "cause": string(d.Cause), "reason": d.Reason}
	for name, value := range d.Obligations {
		switch value.(type) {
		case map[string]any, []any, nil:
			if text, err := json.Marshal(value); err == nil {
				value = string(text)
			}
		}
		vars["obligations."+name] = value
	}
	return vars
}

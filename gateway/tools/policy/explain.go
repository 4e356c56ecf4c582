package policy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"ficus/gateway/authz"
	"ficus/gateway/guard"
	"ficus/gateway/identity"
	"ficus/gateway/pipeline"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/split"
	"ficus/gateway/tools/ask"
)

// A Question is a request, and who makes it.
type Question struct {
	ask.Question                // but for its claims
	Policy       string         // default: that of the route
	Route        string         // the id of one that matches; default: the one that owns the request
	Side         string         // legacy or new; default: as the route decides
	Principal    string         // the id of who asks; default: the claim sub, else nobody
	Source       string         // who vouches; default: bearer
	Claims       map[string]any // of who asks
	Trace        string         // one of authz.Traces
	Key          *split.Key     // of the gateway; may be nil
}

// An Answer is a decision, and how it came about.
type Answer struct {
	Policy   string       `json:"policy"`
	Revision string       `json:"revision"`        // of the policies
	Route    string       `json:"route,omitempty"` // that owns the request
	Place    string       `json:"place,omitempty"` // of the route: file:line:column
	Mode     string       `json:"mode,omitempty"`  // enforce or observe
	Input    *authz.Input `json:"input"`
	Reads    []string     `json:"reads"` // paths of the input
	Kept     bool         `json:"kept"`  // such a decision may be kept for some seconds
	Decision Decision     `json:"decision"`
	Notes    []string     `json:"notes"`
	Trace    string       `json:"trace,omitempty"`
}

// A Decision is what the policy said.
type Decision struct {
	Allow       bool              `json:"allow"`
	Cause       authz.Cause       `json:"cause"`
	Reason      string            `json:"reason,omitempty"`
	Status      int               `json:"status,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
	Claims      map[string]any    `json:"claims,omitempty"`
	Obligations map[string]any    `json:"obligations,omitempty"`
}

// errAmbiguous is what the gateway refuses before it asks a policy.
var errAmbiguous = errors.New("the gateway refuses it with 400: a backend may read the path as one that another policy guards")

// Explain asks a policy of a folder without errors.
func (f *Folder) Explain(ctx context.Context, q *Question) (*Answer, error) {
	r, err := q.HTTP()
	if err != nil {
		return nil, err
	}
	x := &explaining{folder: f, q: q, request: r, answer: &Answer{Policy: q.Policy, Revision: f.Policies.ID(), Notes: []string{}}, who: q.principal()}
	x.raw, _, _ = strings.Cut(r.RequestURI, "?")
	if f.Routes {
		err = x.routed()
	} else {
		x.alone()
	}
	if err != nil {
		return nil, err
	}
	x.input.ClientIP, x.input.Principal = q.Client(), x.who
	x.side()
	if !f.Policies.Has(x.answer.Policy) {
		return nil, fmt.Errorf("there is no policy %q: %s has %s", x.answer.Policy, f.Name, orNone(strings.Join(f.Policies.Names(), ", ")))
	}
	return x.answer, x.ask(ctx)
}

// principal is who asks.
func (q *Question) principal() authz.Principal {
	sub, _ := q.Claims["sub"].(string)
	p := authz.Principal{ID: cmp.Or(q.Principal, sub), Source: q.Source, Claims: q.Claims}
	if p.ID == "" && len(q.Claims) == 0 {
		return authz.Principal{Anonymous: true}
	}
	p.Source = cmp.Or(p.Source, "bearer")
	p.Claims = maps.Clone(p.Claims)
	if p.Claims == nil {
		p.Claims = map[string]any{}
	}
	if _, given := p.Claims["sub"]; !given && p.ID != "" {
		p.Claims["sub"] = p.ID
	}
	return p
}

// explaining is one explanation on its way.
type explaining struct {
	folder  *Folder
	q       *Question
	request *http.Request
	raw     string              // path
	entry   *routetable.Entry   // nil where there are no routes
	asked   *routetable.Request // nil where it is not the owner that is asked about
	input   *authz.Input
	who     authz.Principal
	answer  *Answer
}

func (x *explaining) note(format string, args ...any) {
	x.answer.Notes = append(x.answer.Notes, fmt.Sprintf(format, args...))
}

// alone makes the input where there are no routes: a handler shows what it is told to.
func (x *explaining) alone() {
	g := guard.Guard{Headers: slices.Collect(maps.Keys(x.request.Header)), Body: ask.MaxBody}
	x.input = g.Input(x.request, x.raw, guard.Client{})
}

// routed makes the input of a request that a route owns.
func (x *explaining) routed() error {
	owner, asked, err := pipeline.Ask(x.folder.Table, x.request)
	var refused *pipeline.Error
	switch {
	case errors.As(err, &refused):
		return fmt.Errorf("the gateway refuses it with %d: %w", refused.Status, err)
	case err != nil:
		return err
	}
	x.entry, x.asked = owner, asked
	if err := x.choose(owner, asked); err != nil {
		return err
	}
	e, a := x.entry, x.answer
	a.Route, a.Place, a.Mode = e.ID, e.Origin.String(), e.Mode.String()
	switch {
	case a.Policy == "" && !e.Guarded():
		return fmt.Errorf("no policy guards the route %s, which owns the request: name the policy to ask", e.ID)
	case a.Policy == "":
		a.Policy = e.Policy
	case e.Policy == "":
		x.note("the route %s names no policy", e.ID)
	case a.Policy != e.Policy:
		x.note("the route %s names the policy %s", e.ID, e.Policy)
	}
	x.input = pipeline.InputOf(e, asked)
	x.shown()
	return nil
}

// choose takes the route that was asked for, if any.
func (x *explaining) choose(owner *routetable.Entry, asked *routetable.Request) error {
	if x.q.Route == "" || x.q.Route == owner.ID {
		return nil
	}
	for _, e := range x.folder.Table.Matching(*asked) {
		if e.ID == x.q.Route {
			x.entry, x.asked = e, nil
			x.note("the route %s owns the request", owner.ID)
			return nil
		}
	}
	return fmt.Errorf("the route %q does not match the request, which the route %s owns", x.q.Route, owner.ID)
}

// shown fills in the body as the route shows it, and notes what it does not show.
func (x *explaining) shown() {
	shows := &x.entry.Input
	for _, header := range x.folder.Policies.HeadersOf(x.answer.Policy) {
		if x.request.Header.Get(header) != "" && len(x.input.Headers[header]) == 0 {
			x.note("the route doesn't show the policy the header %s: policy_input: { headers: [%s] }", http.CanonicalHeaderKey(header), header)
		}
	}
	switch {
	case shows.Body == route.BodyJSON:
		x.input.Body, x.input.BodyState = authz.Body([]byte(x.q.Body), shows.BodyLimit())
	case x.q.Body != "" && x.folder.Policies.ReadsBody(x.answer.Policy):
		x.note("the route doesn't show the policy the body: policy_input: { body: json }")
	}
}

func (x *explaining) reads(path string) bool {
	return slices.Contains(x.folder.Policies.Reads(x.answer.Policy), path)
}

// side fills in which side serves, as far as it can be known.
func (x *explaining) side() {
	if x.entry == nil {
		return
	}
	claims, who := map[string]string{}, identity.Principal{ID: x.who.ID, Claims: x.who.Claims}
	for name := range x.who.Claims {
		claims[name] = who.Text(name)
	}
	d := split.Decide(x.entry, split.Ask{Request: x.request, ClientIP: x.q.Client(), Claims: claims, Key: x.q.Key})
	x.input.Side = d.Side.String()
	if x.q.Side != "" {
		x.input.Side = x.q.Side
	} else if d.Open && x.reads("route.side") {
		x.note("the side depends on the cohort, which is not known without the gateway's key: %s is taken", d.Side)
	}
}

// ask asks the policy as the gateway does: of every reading of the path.
func (x *explaining) ask(ctx context.Context) error {
	a, in := x.answer, *x.input
	paths, ok := x.readings()
	if !ok {
		return errAmbiguous
	}
	a.Input = &in
	e := x.folder.Policies.Explain(ctx, a.Policy, &in, x.q.Trace)
	for _, path := range paths {
		if !e.Decision.Allow {
			break
		}
		other := x.read(path)
		e = x.folder.Policies.Explain(ctx, a.Policy, other, x.q.Trace)
		if !e.Decision.Allow {
			a.Input = other
			x.note("a backend may read the path as %s, and that is what the policy refuses", path)
		}
	}
	d := e.Decision
	a.Reads, a.Kept, a.Trace = orEmpty(e.Reads), e.Kept, e.Trace
	a.Decision = Decision{d.Allow, d.Cause, d.Reason, d.Status, d.Headers, d.Claims, d.Obligations}
	return nil
}

// readings returns the other paths that backends may read and the route owns. Of a route
// that does not own the request nothing is known of them. ok is false where the gateway
// refuses the request.
func (x *explaining) readings() (paths []string, ok bool) {
	switch {
	case x.entry == nil:
		return routetable.Readings(x.raw)
	case x.asked == nil:
		return nil, true
	}
	return x.folder.Table.Unambiguous(x.entry, x.raw, *x.asked)
}

// read is the input with another reading of the path.
func (x *explaining) read(path string) *authz.Input {
	other := *x.input
	other.Path, other.Segments = path, routetable.Segments(path)
	if x.entry != nil {
		other.Params = x.entry.Pattern.Params(path)
	}
	return &other
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func orNone(text string) string { return cmp.Or(text, "none") }

// Package rewrite applies what routes change on the way to a backend, and takes
// back what the backend's answers say of it. It knows how, never when: the pipeline
// calls it around each attempt, and the tools call it to show what would happen.
//
// [Compile] turns the rewrites of a table into one [Rewriter] for each side of each
// entry, nil where nothing changes:
//
//	out := r.Clone(r.Context())
//	rewriter.Request(out, seen)        // path, query, headers
//	answer, err := backend.RoundTrip(out)
//	rewriter.Response(answer, out, seen) // map_back, then response_headers
//
// The path of a request is made of the canonical one, the one that the route was
// matched by, and escaped anew. What a client put into it can't leave its place: in
// a path a decoded slash stays %2F, in a query the value is escaped as a query's, in
// a header as a path's segment, and in a Host all but letters, digits, "-", "." and
// "_" are escaped. What is not named passes byte for byte.
//
// On the way back a reference changes only where it names the backend itself: by one
// of its addresses, by the Host that it was sent, or by no host at all. Its path
// changes where a route of the table leads to it: the route that was asked, else
// another one to the same backend. All else passes byte for byte.
package rewrite

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// A Rewriter changes the requests to one side of a route, and its answers. It is
// immutable and may be used concurrently.
type Rewriter struct {
	rule       *route.SideRewrite
	pattern    routetable.Pattern
	path       routetable.Template // where rule.Path is given, else
	strip, add string              // canonical
	query      changes
	headers    changes
	host       routetable.Text // nil: stays
	answer     changes

	// For the way back.
	table   *routetable.Table
	backend string            // its name
	back    routetable.Back   // of this side
	backs   *routetable.Backs // to the same backend, of all routes; may be nil
	own     []origin          // the backend's addresses
}

// Seen is a request as its client knows it.
type Seen struct {
	Path    string // canonical
	RawPath string // as it was sent
	Host    string // as the routes were matched by, with a port or without

	// Scheme ("http" or "https") and Authority are what the client's URLs begin with.
	// Behind a proxy the authority may be another than Host; "" where it is not known.
	Scheme, Authority string
}

// Rewriters are those of one table, by entry. An entry that changes nothing is not
// among them.
type Rewriters map[*routetable.Entry]*[len(route.Sides)]*Rewriter

// Of returns the rewriter of a side, nil where nothing changes.
func (rs Rewriters) Of(e *routetable.Entry, side route.Side) *Rewriter {
	if both := rs[e]; both != nil {
		return both[side]
	}
	return nil
}

// Compile makes the rewriters of a table. It can't fail: the table's own compilation
// has checked what it reads.
func Compile(t *routetable.Table) Rewriters {
	c := compiler{table: t, all: Rewriters{}, backs: map[string]*routetable.Backs{}}
	if slices.ContainsFunc(t.Entries, mapsBack) {
		for _, b := range t.Backends {
			c.backs[b.Name] = &routetable.Backs{}
		}
	}
	for _, e := range t.Entries {
		if e.Rewrite == nil {
			continue
		}
		both := new([len(route.Sides)]*Rewriter)
		for _, side := range route.Sides {
			both[side] = c.compile(e, side)
		}
		c.all[e] = both
	}
	return c.all
}

func mapsBack(e *routetable.Entry) bool {
	return e.Rewrite != nil && len(e.Rewrite.Legacy.MapBack)+len(e.Rewrite.New.MapBack) > 0
}

type compiler struct {
	table *routetable.Table
	all   Rewriters
	backs map[string]*routetable.Backs // by name of the backend; empty where no answer is mapped back
}

func (c *compiler) compile(e *routetable.Entry, side route.Side) *Rewriter {
	rule := e.Rewrite.Of(side)
	if rule.IsZero() {
		return nil
	}
	r := &Rewriter{
		rule: rule, pattern: e.Pattern,
		strip: routetable.Canonical(rule.StripPrefix), add: routetable.Canonical(rule.AddPrefix),
		query:   compileChanges(e, rule.Query, asWritten),
		headers: compileChanges(e, rule.Headers, http.CanonicalHeaderKey),
		answer:  compileChanges(e, rule.ResponseHeaders, http.CanonicalHeaderKey),
		table:   c.table, backend: e.BackendOf(side),
		back:  routetable.BackOf(e.Pattern, rule),
		backs: c.backs[e.BackendOf(side)],
		own:   originsOf(c.table, e.BackendOf(side)),
	}
	r.host = r.headers.take("Host")
	if rule.Path != "" {
		var err error
		if r.path, err = routetable.ParseTemplate(rule.Path, e.Pattern); err != nil {
			unchecked(e, rule.Path, err)
		}
	}
	if r.backs != nil && rule.ChangesPath() {
		r.backs.Add(r.back)
	}
	return r
}

func unchecked(e *routetable.Entry, text string, err error) {
	// routetable.CheckDefinition has refused what does not parse.
	panic(fmt.Sprintf("rewrite: route %s: %q: %v", e.ID, text, err))
}

// Request changes a request that is about to be sent. Its URL, header and Host must
// be its own; the scheme and host of the URL don't matter.
func (r *Rewriter) Request(out *http.Request, seen Seen) {
	if r.rule.ChangesPath() {
		setPath(out.URL, r.newPath(seen.Path))
	}
	if !r.query.isZero() {
		out.URL.RawQuery = r.query.ofQuery(out.URL.RawQuery, r.pattern.Params(seen.Path))
	}
	if !r.headers.isZero() {
		r.headers.ofHeader(out.Header, r.pattern.EscapedParams(seen.Path))
		if _, ok := out.Header["User-Agent"]; !ok {
			out.Header["User-Agent"] = []string{""} // else net/http sends its own
		}
	}
	if r.host != nil {
		out.Host = r.host.Fill(hostParams(r.pattern.Params(seen.Path)))
	}
}

// MovesPath reports whether the backend is sent another path; a nil Rewriter sends the same.
func (r *Rewriter) MovesPath() bool { return r != nil && r.rule.ChangesPath() }

// Path returns the path that a backend is sent for a canonical one, escaped, where
// MovesPath says that it is another.
func (r *Rewriter) Path(canonical string) string { return r.newPath(canonical) }

// newPath returns the path that the backend sees, escaped.
func (r *Rewriter) newPath(canonical string) string {
	if r.rule.Path != "" {
		return r.path.Fill(r.pattern.Params(canonical))
	}
	return cmp.Or(routetable.Escape(r.add+strings.TrimPrefix(canonical, r.strip)), "/")
}

// setPath makes net/http write an escaped path as it is. As Opaque, a path that
// begins with "//" would be taken for an authority; all of an escaped path is
// RawPath fit for.
func setPath(u *url.URL, escaped string) {
	u.Opaque, u.RawPath = "", escaped
	u.Path, _ = url.PathUnescape(escaped)
	if !strings.HasPrefix(escaped, "//") {
		u.Opaque = escaped
	}
}

// Response takes back what an answer says of the changed request, and changes its
// headers; sent is the request as it went out, with the backend's scheme and host in
// its URL. A switch of protocols stays as it is.
func (r *Rewriter) Response(answer *http.Response, sent *http.Request, seen Seen) {
	if answer.StatusCode == http.StatusSwitchingProtocols {
		return
	}
	if len(r.rule.MapBack) > 0 {
		r.mapBack(answer.Header, sent, seen)
	}
	if !r.answer.isZero() {
		r.answer.ofHeader(answer.Header, r.pattern.EscapedParams(seen.Path))
	}
}

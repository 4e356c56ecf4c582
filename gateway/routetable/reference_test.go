package routetable

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ficus/gateway/graphql"
	"ficus/gateway/route"
)

// The reference knows nothing of trees and relations. It has a small universe of
// methods and paths, and takes a pattern as the set of those that it matches: one
// pattern is more specific than another if its set is part of the other's. What
// conditions want it looks up with net/http's own parsers.

// universe is all pairs of these methods and of paths of up to four of these segments.
// "z" stands for what no pattern names.
var universe = func() (all []Request) {
	paths := []string{""}
	for from := 0; len(paths) < 1+4+16+64+256; from++ {
		for _, segment := range []string{"a", "b", "z", ""} {
			paths = append(paths, paths[from]+"/"+segment)
		}
	}
	for _, path := range paths[1:] {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT"} {
			all = append(all, Request{Method: method, Path: path})
		}
	}
	return all
}()

// A reference is a definition beside the set of requests that its pattern matches,
// hosts aside.
type reference struct {
	route.Definition
	pattern Pattern
	set     []bool
}

func newReference(d route.Definition) *reference {
	p, err := ParsePattern(d.Match)
	if err != nil {
		panic(err)
	}
	ref := &reference{Definition: d, pattern: p}
	for _, r := range universe {
		ref.set = append(ref.set, naiveMatches(p, r.Method, r.Path))
	}
	return ref
}

// naiveMatches says whether a pattern matches, hosts aside.
func naiveMatches(p Pattern, method, path string) bool {
	if p.method != "" && p.method != method && !(p.method == "GET" && method == "HEAD") {
		return false
	}
	if path == "" || path[0] != '/' {
		return false
	}
	parts := strings.Split(path[1:], "/")
	for i, s := range p.segments {
		if s.kind == rest {
			return i < len(parts)
		}
		if i >= len(parts) {
			return false
		}
		switch {
		case s.kind == literal && parts[i] != s.text,
			s.kind == wildcard && parts[i] == "",
			s.kind == slashEnd && (parts[i] != "" || i != len(parts)-1):
			return false
		}
	}
	return len(parts) == len(p.segments)
}

func naiveHost(pattern, host string) bool {
	name, _, _ := strings.Cut(strings.ToLower(host), ":")
	if suffix, wild := strings.CutPrefix(pattern, "*"); wild {
		label, ok := strings.CutSuffix(name, suffix)
		return ok && label != ""
	}
	return pattern == "" || pattern == name
}

// hostOf is the host as written: everything here is in lower case.
func (a *reference) hostOf() string {
	_, target, found := strings.Cut(a.Match, " ")
	if !found {
		target = a.Match
	}
	return target[:strings.IndexByte(target, '/')]
}

func (a *reference) matches(r *Request) bool {
	return naiveHost(a.hostOf(), r.Host) && naiveMatches(a.pattern, r.Method, r.Path) && naiveHolds(&a.When, r)
}

func naiveHolds(c *route.Conditions, r *Request) bool {
	from := http.Request{Header: r.Header}
	for name, w := range c.Header {
		if values := r.Header.Values(name); len(values) == 0 || !w.Matches(values[0]) {
			return false
		}
	}
	for name, w := range c.Cookie {
		if cookie, err := from.Cookie(name); err != nil || !w.Matches(cookie.Value) {
			return false
		}
	}
	query, _ := url.ParseQuery(r.RawQuery)
	for name, w := range c.Query {
		if !query.Has(name) || !w.Matches(query.Get(name)) {
			return false
		}
	}
	if c.ContentType != "" {
		media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || !c.ContentType.Matches(media) {
			return false
		}
	}
	return c.GraphQL.IsZero() || naiveAsks(&c.GraphQL, operationOf(r))
}

func operationOf(r *Request) *graphql.Operation {
	if r.operation != nil || r.Body == nil {
		return r.operation
	}
	return r.Body.(*body).operation
}

func naiveAsks(g *route.GraphQL, op *graphql.Operation) bool {
	if op == nil || op.Refused != "" {
		return false
	}
	if len(g.Operation) > 0 && !slices.Contains(g.Operation, op.Name) {
		return false
	}
	if op.Persisted != "" {
		return slices.Contains(g.Persisted, op.Persisted)
	}
	for _, f := range op.Fields {
		if len(g.Fields) > 0 && !slices.Contains(g.Fields, f) {
			return false
		}
	}
	return (g.Type != route.AnyOperation || len(g.Operation) > 0 || len(g.Fields) > 0) &&
		(g.Type == route.AnyOperation || g.Type == op.Type) &&
		(len(g.Fields) == 0 || len(op.Fields) > 0)
}

// subset reports whether the set of a is part of that of b.
func (a *reference) subset(b *reference) bool {
	for i, in := range a.set {
		if in && !b.set[i] {
			return false
		}
	}
	return true
}

// wins reports whether a, where both match, is the more specific one.
func (a *reference) wins(b *reference) bool {
	if x, y := a.hostOf(), b.hostOf(); x != y {
		rank := func(host string) int {
			if host == "" || host[0] == '*' {
				return len(host)
			}
			return 1000
		}
		return rank(x) > rank(y)
	}
	if a.subset(b) && b.subset(a) {
		return a.When.Count() > b.When.Count()
	}
	return a.subset(b)
}

// meet reports whether some request matches both.
func (a *reference) meet(b *reference) bool {
	hosts := slices.ContainsFunc(hostsAsked, func(host string) bool { return naiveHost(a.hostOf(), host) && naiveHost(b.hostOf(), host) })
	paths := false
	for i, in := range a.set {
		paths = paths || in && b.set[i]
	}
	return hosts && paths && naiveTogether(&a.When, &b.When)
}

func (a *reference) conflict(b *reference) bool {
	return a.hostOf() == b.hostOf() && a.meet(b) && !a.wins(b) && !b.wins(a)
}

// naiveTogether reports whether some request meets all the conditions. Facts are
// independent of each other, so it tries one after the other.
func naiveTogether(all ...*route.Conditions) bool {
	some := func(wanted func(*route.Conditions) (route.Wanted, bool), values []string) bool {
		return slices.ContainsFunc(values, func(value string) bool {
			for _, c := range all {
				if w, ok := wanted(c); ok && !w.Matches(value) {
					return false
				}
			}
			return true
		})
	}
	from := func(values map[string]route.Wanted, name string) (route.Wanted, bool) {
		w, ok := values[name]
		return w, ok
	}
	for _, name := range factNames {
		if !some(func(c *route.Conditions) (route.Wanted, bool) { return from(c.Header, name) }, valuesAsked) ||
			!some(func(c *route.Conditions) (route.Wanted, bool) { return from(c.Cookie, name) }, valuesAsked) ||
			!some(func(c *route.Conditions) (route.Wanted, bool) { return from(c.Query, name) }, valuesAsked) {
			return false
		}
	}
	if !some(func(c *route.Conditions) (route.Wanted, bool) { return c.ContentType, c.ContentType != "" }, mediaAsked) {
		return false
	}
	return slices.ContainsFunc(operations, func(op *graphql.Operation) bool {
		for _, c := range all {
			if !c.GraphQL.IsZero() && !naiveAsks(&c.GraphQL, op) {
				return false
			}
		}
		return true
	})
}

// operations are all that the conditions of these tests can tell apart.
var operations = func() (all []*graphql.Operation) {
	for _, name := range []string{"", "A", "B", "C", "Z"} {
		for _, id := range []string{"p1", "p2", "p3", "p9"} {
			all = append(all, &graphql.Operation{Name: name, Persisted: id})
		}
		for _, kind := range []route.OperationType{route.Query, route.Mutation, route.Subscription} {
			for set := range 1 << 4 {
				op := &graphql.Operation{Type: kind, Name: name}
				for i, field := range []string{"f", "g", "h", "z"} {
					if set>>i&1 != 0 {
						op.Fields = append(op.Fields, field)
					}
				}
				all = append(all, op)
			}
		}
	}
	return append(all, graphql.Refuse(graphql.Batch))
}()

var (
	factNames    = []string{"a", "b"}
	valuesWanted = []string{"1", "12", "2", "1*", "12*", "2*", "*"}
	valuesAsked  = []string{"1", "12", "123", "2", "3", ""}
	mediaWanted  = []string{"application/json", "text/plain", "application/*", "*"}
	mediaAsked   = []string{"application/json", "application/xml", "text/plain", "image/png"}
	hostsWritten = []string{"", "", "h.io", "x.h.io", "*.h.io", "*.io"}
	hostsAsked   = []string{"h.io", "x.h.io", "y.x.h.io:80", "Q.io", "z"}
)

// body yields an operation, and counts how often it is asked.
type body struct {
	operation *graphql.Operation
	asked     int
}

func (b *body) ReadOperation() *graphql.Operation {
	b.asked++
	return b.operation
}

func draw[T any](t *rapid.T, from ...T) T { return rapid.SampledFrom(from).Draw(t, "one") }

// seldom is true one time in n.
func seldom(t *rapid.T, n int) bool { return rapid.IntRange(1, n).Draw(t, "of") == n }

func drawPattern(t *rapid.T) string {
	var b strings.Builder
	b.WriteString(draw(t, "", "GET ", "HEAD ", "POST "))
	b.WriteString(draw(t, hostsWritten...))
	for i := range rapid.IntRange(0, 2).Draw(t, "segments") {
		b.WriteString(draw(t, "/a", "/b", fmt.Sprintf("/{w%d}", i)))
	}
	b.WriteString(draw(t, "/", "/{$}", "/{rest...}", "/a", "/b", "/{last}"))
	return b.String()
}

func drawConditions(t *rapid.T) (c route.Conditions) {
	values := func() map[string]route.Wanted {
		all := map[string]route.Wanted{}
		for _, name := range factNames {
			if seldom(t, 4) {
				all[name] = route.Wanted(draw(t, valuesWanted...))
			}
		}
		return all
	}
	c.Header, c.Cookie, c.Query = values(), values(), values()
	if seldom(t, 4) {
		c.ContentType = route.Wanted(draw(t, mediaWanted...))
	}
	if seldom(t, 3) {
		some := func(of ...string) []string {
			list := rapid.SliceOfNDistinct(rapid.SampledFrom(of), 0, 2, rapid.ID).Draw(t, "list")
			if len(list) == 0 {
				return nil // one that is written out and empty is a mistake
			}
			return list
		}
		c.GraphQL = route.GraphQL{
			Type:      draw(t, route.AnyOperation, route.Query, route.Mutation),
			Operation: some("A", "B", "C"), Fields: some("f", "g", "h"), Persisted: some("p1", "p2", "p3"),
		}
	}
	return c
}

func drawRequest(t *rapid.T) *Request {
	r := rapid.SampledFrom(universe).Draw(t, "request")
	r.Host = draw(t, hostsAsked...)
	r.Header = http.Header{}
	r.Body = &body{operation: rapid.SampledFrom(operations).Draw(t, "operation")}
	var cookies, query []string
	for _, name := range factNames {
		if !seldom(t, 3) {
			r.Header.Set(name, draw(t, valuesAsked...))
		}
		if !seldom(t, 3) {
			cookies = append(cookies, name+"="+draw(t, valuesAsked...))
		}
		if !seldom(t, 3) {
			query = append(query, name+"="+draw(t, valuesAsked...))
		}
	}
	if len(cookies) > 0 {
		r.Header.Set("Cookie", strings.Join(cookies, "; "))
	}
	r.RawQuery = strings.Join(query, "&")
	if !seldom(t, 3) {
		r.Header.Set("Content-Type", draw(t, mediaAsked...)+draw(t, "", "; charset=utf-8"))
	}
	return &r
}

// drawRequestTo draws a request that meets one of the routes at least.
func drawRequestTo(t *rapid.T, table *Table, routes []*reference) *Request {
	to := rapid.SampledFrom(routes).Draw(t, "to")
	r := drawRequest(t)
	at := rapid.IntRange(0, len(universe)-1).Draw(t, "from")
	for !to.set[at] {
		at = (at + 1) % len(universe)
	}
	r.Method, r.Path = universe[at].Method, universe[at].Path
	r.Host = rapid.SampledFrom(hostsAsked).Filter(func(host string) bool { return naiveHost(to.hostOf(), host) }).Draw(t, "host")
	r.Example(table.Entry(to.ID))
	if r.asked {
		r.Body, r.operation, r.asked = &body{operation: r.operation}, nil, false
	}
	return r
}

// drawSet draws routes of which many share a pattern. Their ids are in the order in
// which they stand.
func drawSet(t *rapid.T, conditions bool) route.Set {
	patterns := rapid.SliceOfN(rapid.Custom(drawPattern), 1, 6).Draw(t, "patterns")
	set := setOf(rapid.SliceOfN(rapid.SampledFrom(patterns), 1, 24).Draw(t, "matches")...)
	for i := range set.Routes {
		set.Routes[i].ID = fmt.Sprintf("r%02d", i)
		if conditions && !seldom(t, 4) {
			set.Routes[i].When = drawConditions(t)
		}
	}
	return set
}

// accepted leaves out, one by one, the routes in conflict with one before, which it
// returns by id.
func accepted(set route.Set) (kept []*reference, refused map[string]*reference) {
	refused = map[string]*reference{}
next:
	for _, d := range set.Routes {
		ref := newReference(d)
		for _, other := range kept {
			if ref.conflict(other) {
				refused[d.ID] = other
				continue next
			}
		}
		kept = append(kept, ref)
	}
	return kept, refused
}

// agree compiles random tables and compares what is said of them with the reference.
func agree(t *rapid.T) {
	set := drawSet(t, true)
	kept, refused := accepted(set)
	_, problems := Compile(set, Options{})
	for _, p := range problems {
		if p.Severity != route.Error {
			continue
		}
		other := refused[p.Route]
		if p.Code != route.CodeConflict || other == nil || !strings.Contains(p.Message, "("+other.Origin.String()+")") {
			t.Fatalf("%s: %v\nwant a conflict with %v", p.Route, p, other)
		}
		delete(refused, p.Route)
	}
	for id, other := range refused {
		t.Fatalf("no conflict found of %s with %s", id, other.ID)
	}

	set.Routes = nil
	for _, ref := range kept {
		set.Routes = append(set.Routes, ref.Definition)
	}
	table, problems := Compile(set, Options{})
	if problems.HasErrors() {
		t.Fatalf("without conflicts: %v", problems)
	}
	for range 8 {
		agreeOnRequest(t, table, kept, drawRequest(t))
		agreeOnRequest(t, table, kept, drawRequestTo(t, table, kept))
	}
	for i, a := range kept {
		b := rapid.SampledFrom(kept).Draw(t, "other")
		x, y := table.Entry(a.ID), table.Entry(b.ID)
		if a.meet(b) != Overlap(x, y) {
			t.Fatalf("Overlap(%s, %s) = %v", a.ID, b.ID, Overlap(x, y))
		}
		if a != b && a.meet(b) && beats(x, y) != a.wins(b) {
			t.Fatalf("beats(%s, %s) = %v", a.ID, b.ID, beats(x, y))
		}
		if table.Entries[i] != x {
			t.Fatalf("entry %d is %s, not %s", i, table.Entries[i].ID, x.ID)
		}
	}
}

func agreeOnRequest(t *rapid.T, table *Table, kept []*reference, r *Request) {
	var want []string
	for _, ref := range kept {
		if ref.matches(r) {
			want = append(want, ref.ID)
		}
	}
	byID := func(id string) *reference {
		return kept[slices.IndexFunc(kept, func(ref *reference) bool { return ref.ID == id })]
	}
	slices.SortFunc(want, func(a, b string) int {
		if byID(a).wins(byID(b)) {
			return -1
		}
		return 1
	})
	want = append(want, route.DefaultID)

	got := table.Match(r)
	if got.ID != want[0] || r.Body.(*body).asked > 1 {
		t.Fatalf("Match(%+v) = %s (operation read %d times), want %s", r, got.ID, r.Body.(*body).asked, want[0])
	}
	var ids []string
	for _, e := range table.Matching(*r) {
		ids = append(ids, e.ID)
		if e != got && (Why(got, e) == "" || strings.Contains(Why(got, e), "exclude")) {
			t.Fatalf("Why(%s, %s) = %q, and both match %+v", got.ID, e.ID, Why(got, e), r)
		}
	}
	if !slices.Equal(ids, want) {
		t.Fatalf("Matching(%+v) = %v, want %v", r, ids, want)
	}
}

func TestAgainstReference(t *testing.T) { rapid.Check(t, agree) }

// FuzzMatch: the same, on tables that begin as the fuzzer says and go on at random.
func FuzzMatch(f *testing.F) {
	f.Add([]byte("1"))
	check := rapid.MakeFuzz(agree)
	f.Fuzz(func(t *testing.T, start []byte) {
		data := make([]byte, len(start)+1<<16)
		copy(data, start)
		_, _ = rand.NewChaCha8(sha256.Sum256(start)).Read(data[len(start):])
		check(t, data)
	})
}

// With many rivals an index finds the one with the most conditions.
func TestIndexOfRivals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var x index
		var entries []*Entry
		for range rapid.IntRange(1, 40).Draw(t, "rivals") {
			c := drawConditions(t)
			entries = append(entries, &Entry{When: compileConditions(&c)})
			x.add(entries[len(entries)-1])
		}
		for range 10 {
			r := drawRequest(t)
			var want *Entry
			for _, e := range entries {
				if e.When.hold(r) && (want == nil || e.When.Count() > want.When.Count()) {
					want = e
				}
			}
			got := x.pick(r)
			if (got == nil) != (want == nil) || got != nil && (!got.When.hold(r) || got.When.Count() != want.When.Count()) {
				t.Fatalf("picked %v for %+v, not %v", got, r, want)
			}
		}
	})
}

// Of two random entries: what the problem about a conflict says is true.
func TestConflictExamples(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := drawSet(t, true)
		a := newReference(set.Routes[0])
		x := newEntry(&a.Definition, a.pattern, 0)
		for _, d := range set.Routes[1:] {
			b := newReference(d)
			if !a.conflict(b) {
				continue
			}
			y := newEntry(&b.Definition, b.pattern, 1)
			checkExample(t, exampleBoth(a.pattern, b.pattern), []*reference{a, b}, nil, x, y)
			onlyA, onlyB := exampleOnly(a.pattern, b.pattern), exampleOnly(b.pattern, a.pattern)
			if onlyA != "" && onlyB != "" {
				checkExample(t, onlyA, []*reference{a}, b, x)
				checkExample(t, onlyB, []*reference{b}, a, y)
			} else if !slices.Equal(a.set, b.set) {
				t.Fatalf("%q and %q match different requests, but examples are %q and %q", a.Match, b.Match, onlyA, onlyB)
			}
		}
	})
}

// checkExample proves that an example, with the conditions of the entries met, is
// matched by these and not by that.
func checkExample(t *rapid.T, text string, these []*reference, not *reference, conditions ...*Entry) {
	method, target, ok := strings.Cut(text, " ")
	if !ok {
		method, target = "PUT", text
	}
	slash := strings.IndexByte(target, '/')
	r := &Request{Method: method, Host: target[:slash], Path: target[slash:]}
	r.Example(conditions...)
	for _, ref := range these {
		if !ref.matches(r) {
			t.Fatalf("%q with %+v does not match %q when %+v", text, r, ref.Match, ref.When)
		}
	}
	if not != nil && not.matches(r) {
		t.Fatalf("%q with %+v matches %q when %+v", text, r, not.Match, not.When)
	}
}

// exclude is exact, and where three conditions go together, Example meets them all.
func TestConditionsTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []*route.Conditions
		var entries []*Entry
		for range 3 {
			c := drawConditions(t)
			all = append(all, &c)
			entries = append(entries, &Entry{When: compileConditions(&c)})
		}
		if got, want := exclude(entries[0].When, entries[1].When), !naiveTogether(all[0], all[1]); got != want {
			t.Fatalf("%q and %q: excluded %v, want %v", entries[0].When, entries[1].When, got, want)
		}
		if !naiveTogether(all...) {
			return
		}
		var r Request
		r.Example(entries...)
		for i, c := range all {
			if !naiveHolds(c, &r) || !entries[i].When.hold(&r) {
				t.Fatalf("%+v does not meet %q", r, entries[i].When)
			}
		}
	})
}

// ServeMux knows neither conditions nor wildcard hosts; the rest it has to see alike.
func TestAgainstServeMux(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := drawSet(t, false)
		set.Routes = slices.DeleteFunc(set.Routes, func(d route.Definition) bool { return strings.Contains(d.Match, "*") })
		all := set.Routes
		kept, refused := accepted(set)
		mux := http.NewServeMux()
		set.Routes = nil
		for _, ref := range kept {
			if muxRefuses(mux, ref.Match) {
				t.Fatalf("ServeMux refuses %q", ref.Match)
			}
			set.Routes = append(set.Routes, ref.Definition)
		}
		for _, d := range all {
			if refused[d.ID] != nil && !muxRefuses(mux, d.Match) {
				t.Fatalf("ServeMux sees no conflict of %q with %q", d.Match, refused[d.ID].Match)
			}
		}
		table, problems := Compile(set, Options{})
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		for range 20 {
			checkMux(t, mux, table, drawRequest(t))
		}
	})
}

// muxRefuses registers a pattern and reports whether ServeMux finds a conflict.
func muxRefuses(mux *http.ServeMux, text string) (refused bool) {
	defer func() { refused = recover() != nil }()
	mux.Handle(text, http.NotFoundHandler())
	return false
}

// checkMux compares where ServeMux would not redirect.
func checkMux(t *rapid.T, mux *http.ServeMux, table *Table, r *Request) {
	if strings.Contains(r.Path, "//") {
		return
	}
	request := httptest.NewRequest(r.Method, r.Path, nil)
	request.Host = strings.ToLower(r.Host)
	_, pattern := mux.Handler(request)
	if pattern != "" {
		if p, err := ParsePattern(pattern); err != nil || !naiveMatches(p, r.Method, r.Path) {
			return // it would redirect, to the path with a slash at its end
		}
	}
	if got := table.Match(r); got.Pattern.String() != pattern {
		t.Fatalf("Match(%s %s%s) = %q, ServeMux says %q", r.Method, r.Host, r.Path, got.Pattern, pattern)
	}
}

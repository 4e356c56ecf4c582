package importer

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// candidate is a route as found in the source.
type candidate struct {
	method, host, path string // as in a match; "" is any
	when               route.Conditions
	id                 string // wished for; "" for one made of the match
	description, group string
	comment            string
	target             string // where it goes today: a key of builder.targets, "" where that is not known
	rewrite            route.SideRewrite
	place              route.Origin
}

func (c *candidate) match() string {
	if c.method == "" {
		return c.host + c.path
	}
	return c.method + " " + c.host + c.path
}

// catchesAll reports whether c is what remains where nothing else matches.
func (c *candidate) catchesAll() bool {
	return c.path == "/" && c.method == "" && c.host == "" && c.when.Count() == 0
}

// builder collects what an importer finds, in the order in which the source prefers it,
// and makes a draft of it.
type builder struct {
	draft      Draft
	candidates []*candidate
	targets    map[string]*route.Backend // by key, named as the source does
	rest       *candidate                // what takes all that nothing else takes
	full       bool                      // there were more than maxRoutes
	said       map[Finding]bool
	ordered    bool // of two candidates the source prefers the first
}

func newBuilder(from string) *builder {
	return &builder{draft: Draft{From: from, Lost: []Finding{}, Notes: []Finding{}}, targets: map[string]*route.Backend{}, said: map[Finding]bool{}}
}

func (b *builder) lose(place route.Origin, format string, args ...any) {
	b.draft.Lost = b.say(b.draft.Lost, place, fmt.Sprintf(format, args...))
}

func (b *builder) note(place route.Origin, format string, args ...any) {
	b.draft.Notes = b.say(b.draft.Notes, place, fmt.Sprintf(format, args...))
}

// comparePlaces orders by file and line, as people read the source; places without a
// line come first and stay in their order.
func comparePlaces(a, b route.Origin) int {
	if a.Line == 0 || b.Line == 0 {
		return cmp.Compare(min(a.Line, 1), min(b.Line, 1))
	}
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
}

// say adds a finding, once.
func (b *builder) say(findings []Finding, place route.Origin, message string) []Finding {
	f := Finding{Place: printable(place.String()), Message: printable(message), origin: place}
	if b.said[f] {
		return findings
	}
	b.said[f] = true
	return append(findings, f)
}

// target makes a target known and returns its key. The name is a wish.
func (b *builder) target(name string, balance route.Balance, addresses ...string) string {
	return b.targetOf(route.Backend{Name: name, Balance: balance, Addresses: addresses})
}

func (b *builder) targetOf(backend route.Backend) string {
	key := strings.Join(backend.Addresses, " ")
	if len(backend.Transport) > 0 {
		key += fmt.Sprint(" ", backend.Transport) // which prints maps in the order of their keys
	}
	if b.targets[key] == nil {
		b.targets[key] = &backend
	}
	return key
}

// address reads a URL of a backend; ok is false where it is none that a backend can
// have. rest is its path.
func address(text string) (address, rest string, ok bool) {
	u, err := url.Parse(text)
	odd := func(c rune) bool { return c <= ' ' || c > '~' }
	if err != nil || strings.ContainsFunc(text, odd) || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" {
		return "", "", false
	}
	if _, port, err := net.SplitHostPort(u.Host); err == nil && port == "" {
		return "", "", false
	}
	return u.Scheme + "://" + u.Host, u.EscapedPath(), true
}

// maxRoutes bounds a draft, and so the time to compare each with each.
const maxRoutes = 10_000

// add takes a candidate. What catches all names the backend that is legacy.
func (b *builder) add(c *candidate) {
	switch {
	case len(b.candidates) == maxRoutes:
		if !b.full {
			b.lose(c.place, "there are more than %d routes: this one and those behind it are left out", maxRoutes)
		}
		b.full = true
		return
	case b.rest != nil && b.ordered:
		if !sameRoute(b.rest, c) {
			b.unreachable(c, b.rest)
		}
		return
	case b.rest == nil && c.catchesAll() && c.rewrite.IsZero():
		b.rest = c // no route: legacy answers what no route takes
		return
	}
	b.candidates = append(b.candidates, c)
}

// finish makes the draft: it names backends and routes, and leaves out what can't stand
// beside what the source prefers.
func (b *builder) finish() Draft {
	legacy := b.nameBackends()
	if b.ordered {
		b.dropUnreachable()
	}
	definitions := make([]route.Definition, 0, len(b.candidates))
	for i, c := range b.candidates {
		d := route.Definition{
			ID:    fmt.Sprintf("r%08d", i), // for now: so that of two in conflict the latter is left out
			Match: c.match(), When: c.when, Description: c.description, Origin: c.place,
			Settings: route.Settings{Group: slug(c.group)},
		}
		d.Origin.Index = i
		if c.target == "" || c.target == legacy {
			d.Rewrite.Legacy = c.rewrite
		} else {
			d.Backend, d.Stage, d.Rewrite.New = b.targets[c.target].Name, route.StageNew, c.rewrite
		}
		definitions = append(definitions, d)
	}
	b.compile(definitions)
	for _, findings := range [][]Finding{b.draft.Lost, b.draft.Notes} {
		slices.SortStableFunc(findings, func(x, y Finding) int { return comparePlaces(x.origin, y.origin) })
	}
	return b.draft
}

// unknownAddress is legacy's where the source does not tell.
const unknownAddress = "{$LEGACY_ADDRESS:http://127.0.0.1:8080}"

// nameBackends names the backends of the draft, and returns the key of legacy's target.
func (b *builder) nameBackends() string {
	legacy := ""
	if b.rest != nil {
		legacy = b.rest.target
	} else {
		legacy = b.mostUsed()
	}
	if legacy == "" {
		legacy = b.target("legacy", route.LeastRequests, unknownAddress)
		b.lose(route.Origin{File: b.draft.From}, "nothing says where the monolith listens: set LEGACY_ADDRESS, or write its address into the backend legacy")
	}
	taken := map[string]bool{route.LegacyBackend: true}
	b.targets[legacy].Name = route.LegacyBackend
	for _, key := range sortedKeys(b.targets) {
		backend := b.targets[key]
		if key != legacy {
			backend.Name = unique(cmp.Or(slug(backend.Name), "backend"), taken)
		}
		b.draft.Backends = append(b.draft.Backends, *backend)
	}
	slices.SortFunc(b.draft.Backends, func(a, c route.Backend) int { return cmp.Compare(a.Name, c.Name) })
	return legacy
}

// mostUsed is where most of what no other route takes goes, else what most routes do.
func (b *builder) mostUsed() string {
	const all = 1_000_000 // more than there are routes
	count := map[string]int{}
	best := ""
	for _, c := range b.candidates {
		count[c.target]++
		if c.path == "/" && c.method == "" && c.when.Count() == 0 {
			count[c.target] += all
		}
		if c.target != "" && count[c.target] > count[best] {
			best = c.target
		}
	}
	return best
}

// dropUnreachable leaves out candidates of which the source gives every request to one
// that it prefers: the table would not, where the latter is more specific.
func (b *builder) dropUnreachable() {
	var kept []*candidate
	var patterns []routetable.Pattern // of those kept
	for _, c := range b.candidates {
		p, err := routetable.ParsePattern(c.match())
		if err != nil {
			b.lose(c.place, "%s: %v", c.match(), err)
			continue
		}
		i := 0
		for i < len(kept) && !(kept[i].takesAsMuch(c) && routetable.Covers(patterns[i], p)) {
			i++
		}
		switch {
		case i == len(kept):
			kept, patterns = append(kept, c), append(patterns, p)
		case !sameRoute(kept[i], c):
			b.unreachable(c, kept[i])
		}
	}
	b.candidates = kept
}

// takesAsMuch reports whether c asks nothing beside its path and host that other does
// not. In a source GET is GET alone.
func (c *candidate) takesAsMuch(other *candidate) bool {
	return c.when.Count() == 0 && (c.method == "" || c.method == other.method)
}

func (b *builder) unreachable(c, first *candidate) {
	b.lose(c.place, "%s: no request reaches it: %s (%s) comes first and takes all of it", c.match(), first.match(), first.place)
}

// sameRoute reports whether two candidates say the same.
func sameRoute(a, b *candidate) bool { return a.match() == b.match() && a.target == b.target }

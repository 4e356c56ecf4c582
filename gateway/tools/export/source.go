package export

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/split"
)

// source is what all writers read, and where they report.
type source struct {
	table    *routetable.Table
	backends []*route.Backend // sorted by name
	rules    []*rule          // the matcher's favourites first; the default is the last
	lost     []Finding
	notes    []Finding
}

// rule is an entry with its definition.
type rule struct {
	*routetable.Entry
	when   route.Conditions
	shares []share // who serves, the new side first; never empty
}

// share is a side of a rule that serves some of its requests.
type share struct {
	side    route.Side
	backend *route.Backend
	points  int // of allPoints
	rewrite *route.SideRewrite
}

// allPoints is the whole of a rule's requests, in hundredths of a percent.
const allPoints = split.Cohorts

func newSource(set route.Set, table *routetable.Table) *source {
	s := &source{table: table, lost: []Finding{}, notes: []Finding{}}
	for i := range table.Backends {
		s.backends = append(s.backends, &table.Backends[i])
	}
	when := make(map[string]route.Conditions, len(set.Routes))
	for i := range set.Routes {
		when[set.Routes[i].ID] = set.Routes[i].When
	}
	for _, e := range table.Entries {
		r := &rule{Entry: e, when: when[e.ID]}
		if !r.when.GraphQL.IsZero() {
			s.leaveOut(r, CodeGraphQL, "GraphQL operations can't be told apart")
			continue
		}
		r.shares = s.sharesOf(e)
		s.rules = append(s.rules, r)
		s.loseCommon(r)
	}
	slices.SortStableFunc(s.rules, compareRules)
	for _, b := range s.used() {
		s.loseOfBackend(b)
	}
	return s
}

// sharesOf lists who serves an entry's requests.
func (s *source) sharesOf(e *routetable.Entry) []share {
	points := split.NewCohorts(e) // of the new side
	var shares []share
	for _, side := range []route.Side{route.New, route.Legacy} {
		if points > 0 {
			shares = append(shares, share{side: side, backend: s.backend(e.BackendOf(side)), points: points, rewrite: rewriteOf(e, side)})
		}
		points = allPoints - points
	}
	return shares
}

func rewriteOf(e *routetable.Entry, side route.Side) *route.SideRewrite {
	if e.Rewrite == nil {
		return &route.SideRewrite{}
	}
	return e.Rewrite.Of(side)
}

func (s *source) backend(name string) *route.Backend {
	for _, b := range s.backends {
		if b.Name == name {
			return b
		}
	}
	panic("export: a table without its backend " + name) // Compile has refused it
}

// used lists the backends that some rule sends requests to.
func (s *source) used() []*route.Backend {
	used := map[*route.Backend]bool{}
	for _, r := range s.rules {
		for _, share := range r.shares {
			used[share.backend] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(s.backends), func(b *route.Backend) bool { return !used[b] })
}

// splits reports whether both sides serve the rule's requests.
func (r *rule) splits() bool { return len(r.shares) > 1 }

// loseCommon reports what no target has.
func (s *source) loseCommon(r *rule) {
	if r.Policy != "" && r.Policy != route.PolicyPublic {
		s.lose(r, CodePolicy, "nobody asks the policy %s any more: everybody may, until you say otherwise", r.Policy)
	}
	if r.splits() && r.Force != route.ForceOff {
		s.lose(r, CodeForce, "nobody can choose the side of a request by a signed token any more")
	}
	s.loseResilience(r)
}

// keep leaves out the rules of which the target can't say what they ask of a request:
// without a condition a rule would take what is not its own.
func (s *source) keep(obstacle func(*rule) (Code, string)) {
	s.rules = slices.DeleteFunc(s.rules, func(r *rule) bool {
		code, why := obstacle(r)
		if why != "" {
			s.leaveOut(r, code, why)
		}
		return why != ""
	})
}

func (s *source) leaveOut(r *rule, code Code, why string) {
	s.lose(r, code, "left out, so that its requests go to the next best route: %s", why)
}

func (s *source) lose(r *rule, code Code, format string, args ...any) {
	f := Finding{Code: code, Route: r.ID, Place: r.Origin.String(), Message: fmt.Sprintf(format, args...)}
	if !slices.Contains(s.lost, f) {
		s.lost = append(s.lost, f)
	}
}

func (s *source) loseBackend(b *route.Backend, format string, args ...any) {
	f := Finding{Code: CodeBackend, Backend: b.Name, Place: b.Origin.String(), Message: fmt.Sprintf(format, args...)}
	if !slices.Contains(s.lost, f) {
		s.lost = append(s.lost, f)
	}
}

func (s *source) note(code Code, format string, args ...any) {
	f := Finding{Code: code, Message: fmt.Sprintf(format, args...)}
	if !slices.Contains(s.notes, f) {
		s.notes = append(s.notes, f)
	}
}

// head is what stands above a configuration.
func (s *source) head() []string {
	lines := []string{
		fmt.Sprintf("A Ficus route table of %d routes, revision %s.", len(s.table.Entries)-1, s.table.Revision),
		"Listeners and certificates are no part of a table: look at those below.",
		"",
	}
	return append(lines, findingLines(s.lost, s.notes)...)
}

// title says in a line what a rule is.
func (r *rule) title() string {
	if r.ID == route.DefaultID {
		return "what no route takes"
	}
	text := r.ID + ": " + r.Pattern.String()
	if r.When != nil {
		text += " with " + r.When.String()
	}
	if r.Stage == route.StageCanary {
		return fmt.Sprintf("%s (canary, %s %%)", text, percent(r.Weight))
	}
	return fmt.Sprintf("%s (%s)", text, r.Stage)
}

// percent writes hundredths of a percent as percent: "2.5".
func percent(points int) string { return fmt.Sprint(math.Round(float64(points)) / 100) }

// compareRules puts rules that the matcher prefers first: by host, path, method and
// conditions. For rules that some request matches both it is the matcher's own order,
// since in a table that compiles path and method never pull apart; the rest is for
// readers.
func compareRules(a, b *rule) int {
	p, q := a.Pattern, b.Pattern
	return cmp.Or(
		cmp.Compare(defaultLast(a), defaultLast(b)),
		compareHosts(p.Host(), q.Host()),
		compareParts(p.Parts(), q.Parts()),
		cmp.Compare(methodRank(p.Method()), methodRank(q.Method())),
		cmp.Compare(p.Method(), q.Method()),
		cmp.Compare(b.When.Count(), a.When.Count()),
		cmp.Compare(a.ID, b.ID),
	)
}

func defaultLast(r *rule) int {
	if r.ID == route.DefaultID {
		return 1
	}
	return 0
}

// compareHosts puts names first, then wildcards, the longest first, then no host.
func compareHosts(a, b string) int {
	rank := func(host string) int {
		switch {
		case host == "":
			return 2
		case isWildcard(host):
			return 1
		}
		return 0
	}
	if byRank := cmp.Compare(rank(a), rank(b)); byRank != 0 || rank(a) != 1 {
		return cmp.Or(byRank, cmp.Compare(a, b))
	}
	return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
}

func isWildcard(host string) bool { return len(host) > 1 && host[0] == '*' }

// compareParts goes segment by segment: a literal before a wildcard, the end before
// the rest.
func compareParts(p, q []routetable.Part) int {
	rank := map[routetable.PartKind]int{routetable.Literal: 0, routetable.Wildcard: 1, routetable.End: 2, routetable.Rest: 3}
	for i := 0; i < len(p) && i < len(q); i++ {
		text := 0
		if p[i].Kind == routetable.Literal {
			text = cmp.Compare(p[i].Text, q[i].Text)
		}
		if c := cmp.Or(cmp.Compare(rank[p[i].Kind], rank[q[i].Kind]), text); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(p), len(q))
}

// methodRank: GET also takes HEAD, so HEAD comes first.
func methodRank(method string) int {
	switch method {
	case "":
		return 2
	case "GET":
		return 1
	}
	return 0
}

// methods lists the methods that a pattern takes; nil is any.
func methods(p routetable.Pattern) []string {
	switch m := p.Method(); m {
	case "":
		return nil
	case "GET":
		return []string{"GET", "HEAD"}
	default:
		return []string{m}
	}
}

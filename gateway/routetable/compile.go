package routetable

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"ficus/gateway/route"
)

// compiler is used once: checks fill problems, the build fills the rest.
type compiler struct {
	set      route.Set // input
	options  Options
	routes   []*route.Definition // of the set, by id, so that problems and table don't depend on the order of files
	known    map[*route.Sameness]finding
	warned   map[*route.Sameness]bool // there is something to say of them
	problems route.Problems

	backends []route.Backend
	entries  []*Entry
	hosts    hostIndex
	shared   map[string]*route.Resilience // by what they say
}

// fileWide is what problems call the set when no place in it is at fault.
const fileWide = ""

func (c *compiler) report(p route.Problem) { c.problems = append(c.problems, p) }

// checkBackends checks each backend alone, then that names are unique and that
// there is a legacy.
func (c *compiler) checkBackends() {
	first := map[string]route.Origin{}
	for i := range c.set.Backends {
		b := &c.set.Backends[i]
		c.problems = append(c.problems, CheckBackend(b)...)
		if origin, taken := first[b.Name]; taken {
			c.report(route.Problem{
				Code: route.CodeDuplicateID, Origin: b.Origin,
				Message: fmt.Sprintf("the backend %q is defined in %s too", b.Name, origin),
				Hint:    "all files of the folder are one table: define a backend once",
			})
			continue
		}
		first[b.Name] = b.Origin
		c.backends = append(c.backends, *b)
	}
	slices.SortFunc(c.backends, func(a, b route.Backend) int { return cmp.Compare(a.Name, b.Name) })
	if _, ok := first[route.LegacyBackend]; !ok {
		c.report(route.Problem{
			Code: route.CodeRequired, Origin: route.Origin{File: fileWide},
			Message: "no file defines the backend legacy, the monolith that answers what no route takes",
			Hint:    "add to one file: backends: { legacy: { addresses: [\"http://127.0.0.1:9101\"] } }",
		})
	}
}

// checkRoutes checks each route alone, and that backends and policies are known.
func (c *compiler) checkRoutes() {
	for i := range c.set.Routes {
		d := &c.set.Routes[i]
		if _, known := c.finding(d); !known {
			c.problems = append(c.problems, CheckDefinition(d)...)
		}
		if d.Backend != "" && !c.defines(d.Backend) {
			c.report(at(d, "backend", route.Problem{
				Code:    route.CodeUnknownBackend,
				Message: fmt.Sprintf("no file defines the backend %q", d.Backend),
				Hint:    c.backendHint(),
			}))
		}
		if p := c.unknownPolicy(d.Policy); p != nil {
			c.report(at(d, "policy", *p))
		}
	}
}

// checkIDs checks that ids are unique. Those who share one stand side by side in order.
func (c *compiler) checkIDs() {
	var first *route.Definition
	for _, d := range c.routes {
		switch {
		case first == nil || d.ID != first.ID:
			first = d
		case d.ID != "":
			c.report(at(d, "id", route.Problem{
				Code:    route.CodeDuplicateID,
				Message: fmt.Sprintf("the id %q is taken by %s", d.ID, first.Origin),
				Hint:    "an id is the route's name in metrics and tools: give each its own",
			}))
		}
	}
}

// checkRest checks what is said of requests that no route takes.
func (c *compiler) checkRest() {
	if p := c.unknownPolicy(c.set.Rest.Policy); p != nil {
		p.Origin, p.Path = route.Origin{File: c.set.RestOrigin.File}, "folder_defaults.policy"
		c.report(*p)
	}
}

// unknownPolicy returns a problem where a policy is named that there is not.
func (c *compiler) unknownPolicy(name string) *route.Problem {
	if name == "" || name == route.PolicyPublic || c.options.AnyPolicy || !isName(name, true) || slices.Contains(c.options.Policies, name) {
		return nil
	}
	hint := "the folder has no policies: write one to policies/*.rego, or say public, which lets everybody"
	if len(c.options.Policies) > 0 {
		hint = fmt.Sprintf("defined are %q, and public, which lets everybody", c.options.Policies)
	}
	return &route.Problem{Code: route.CodeUnknownPolicy, Message: fmt.Sprintf("there is no policy %q", name), Hint: hint}
}

func (c *compiler) defines(backend string) bool {
	_, ok := slices.BinarySearchFunc(c.backends, backend, func(b route.Backend, name string) int { return cmp.Compare(b.Name, name) })
	return ok
}

func (c *compiler) backendHint() string {
	var names []string
	for _, b := range c.backends {
		names = append(names, b.Name)
	}
	return fmt.Sprintf("defined are %q", names)
}

// buildEntries compiles the routes and reports conflicts.
func (c *compiler) buildEntries() {
	c.hosts = hostIndex{}
	for _, d := range c.routes {
		e := c.entry(d)
		if e == nil {
			continue // CheckDefinition has said so
		}
		if other := c.hosts.conflict(e); other != nil {
			c.report(at(d, "match", route.Problem{
				Code: route.CodeConflict, Message: describeConflict(e, other),
				Hint: conflictHint(e, other),
			}))
			continue
		}
		c.hosts.insert(e)
		c.entries = append(c.entries, e)
	}
	c.checkBranching()
	c.entries = append(c.entries, &Entry{
		ID: route.DefaultID, Index: len(c.entries), Group: route.DefaultID, Stage: route.StageLegacy,
		Resilience: c.resilience(&c.set.Rest.Resilience),
		Identity:   c.set.Rest.Identity, Policy: c.set.Rest.Policy, Mode: c.set.Rest.Mode, Paths: c.set.Rest.Paths, Input: c.set.Rest.PolicyInput,
	})
}

// entry compiles a route alone. Nil: its pattern is none.
func (c *compiler) entry(d *route.Definition) *Entry {
	if f, known := c.finding(d); known {
		e := *f.entry
		e.Index, e.Origin, e.rivals = len(c.entries), d.Origin, nil
		return &e
	}
	pattern, err := ParsePattern(d.Match)
	if err != nil {
		return nil
	}
	e := newEntry(d, pattern, len(c.entries))
	e.Resilience = c.resilience(&d.Resilience)
	return e
}

// resilience returns one copy for all who say the same: tables are large, and most routes
// take it from defaults.
func (c *compiler) resilience(r *route.Resilience) *route.Resilience {
	text, err := json.Marshal(r)
	if err != nil { // a number that is none, which the checks report
		return r
	}
	if c.shared == nil {
		c.shared = c.knownResilience()
	}
	one := c.shared[string(text)]
	if one == nil {
		one = new(route.Resilience)
		*one = *r
		c.shared[string(text)] = one
	}
	return one
}

// knownResilience is that of known entries.
func (c *compiler) knownResilience() map[string]*route.Resilience {
	shared, seen := map[string]*route.Resilience{}, map[*route.Resilience]bool{}
	for _, f := range c.known {
		if r := f.entry.Resilience; !seen[r] {
			seen[r] = true
			if text, err := json.Marshal(r); err == nil {
				shared[string(text)] = r
			}
		}
	}
	return shared
}

func conflictHint(e, other *Entry) string {
	if r, _ := comparePatterns(e.Pattern, other.Pattern); r == same && (e.When != nil || other.When != nil) {
		return "give one of them one more condition (when), or make the conditions exclude each other"
	}
	return "make one of them more specific"
}

// byClientIP is the cohort of routes that name none.
var byClientIP = []route.Source{{Kind: route.FromClientIP}}

func newEntry(d *route.Definition, pattern Pattern, index int) *Entry {
	e := &Entry{
		ID: d.ID, Description: d.Description, Owner: d.Owner, Index: index,
		Pattern: pattern, When: compileConditions(&d.When),
		Stage: d.Stage, Weight: basisPoints(d.Weight),
		Group: d.CohortGroup(), Cohort: d.Cohort, Force: d.Force,
		Backend: d.Backend, Expires: d.Expires, Origin: d.Origin,
		Identity: d.Identity, Policy: d.Policy, Mode: d.Mode, Paths: d.Paths, Input: d.PolicyInput, Claims: d.Claims,
	}
	if len(e.Cohort) == 0 {
		e.Cohort = byClientIP
	}
	if !d.Rewrite.Legacy.IsZero() || !d.Rewrite.New.IsZero() {
		rewrite := d.Rewrite // its own copy, so that the definition can go
		e.Rewrite = &rewrite
	}
	return e
}

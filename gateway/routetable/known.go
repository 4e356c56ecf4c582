package routetable

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"ficus/gateway/route"
)

// A Compiler compiles sets one after the other. What it finds out of a definition holds in
// the next set for one that is the same (route.Definition.Same), so an edit costs little more
// than what it changes. The zero Compiler is ready; it is not for concurrent use.
type Compiler struct {
	known map[*route.Sameness]finding
}

// finding is what is known of a definition that there is nothing to say of.
type finding struct {
	entry  *Entry // of a table before: all but its place there holds
	digest digest
}

type digest [sha256.Size]byte

// Compile does what the function [Compile] does.
func (k *Compiler) Compile(set route.Set, options Options) (*Table, route.Problems) {
	c := compiler{set: set, options: options, known: k.known, warned: map[*route.Sameness]bool{}}
	c.routes = inOrder(set.Routes, func(d *route.Definition) string { return d.ID })
	c.checkBackends()
	c.checkRoutes()
	c.checkIDs()
	c.checkRest()
	c.buildEntries()
	if c.problems.HasErrors() {
		return nil, c.problems
	}
	c.problems = append(c.problems, c.warnings(options.Now)...)
	digests := c.digests()
	k.known = c.learned(digests)
	return &Table{
		Entries:  c.entries,
		Backends: c.backends,
		Revision: c.revision(digests),
		hosts:    c.hosts,
		folded:   folded(c.entries),
	}, c.problems
}

// finding returns what is known of a definition.
func (c *compiler) finding(d *route.Definition) (f finding, known bool) {
	f, known = c.known[d.Same]
	return f, known && d.Same != nil
}

// learned is what the next compilation may rely on, after one without errors.
func (c *compiler) learned(digests []digest) map[*route.Sameness]finding {
	known := make(map[*route.Sameness]finding, len(c.routes))
	for i, d := range c.routes {
		if d.Same != nil && !c.warned[d.Same] {
			known[d.Same] = finding{c.entries[i], digests[i]}
		}
	}
	return known
}

// digests are of what each route says, not of where it is written.
func (c *compiler) digests() []digest {
	all := make([]digest, len(c.routes))
	var text bytes.Buffer
	to := json.NewEncoder(&text)
	for i, d := range c.routes {
		if f, known := c.finding(d); known {
			all[i] = f.digest
			continue
		}
		one := *d
		one.Origin = route.Origin{}
		text.Reset()
		encode(to, one)
		all[i] = sha256.Sum256(text.Bytes())
	}
	return all
}

// revision hashes what the set says, not how or where it is written.
func (c *compiler) revision(routes []digest) string {
	hash := sha256.New()
	to := json.NewEncoder(hash)
	for _, b := range inOrder(c.set.Backends, func(b *route.Backend) string { return b.Name }) {
		one := *b
		one.Origin = route.Origin{}
		encode(to, one)
	}
	for i := range routes {
		hash.Write(routes[i][:])
	}
	encode(to, c.set.Rest)
	return hex.EncodeToString(hash.Sum(nil)[:6])
}

func encode(to *json.Encoder, value any) {
	if err := to.Encode(value); err != nil {
		// Only a value that YAML can't yield (a channel, say) gets here.
		panic("routetable: a set that can't be hashed: " + err.Error())
	}
}

// inOrder returns what all points at, by name. To move pointers costs less: a definition
// has kilobytes.
func inOrder[T any](all []T, name func(*T) string) []*T {
	order := make([]*T, len(all))
	for i := range all {
		order[i] = &all[i]
	}
	slices.SortStableFunc(order, func(a, b *T) int { return strings.Compare(name(a), name(b)) })
	return order
}

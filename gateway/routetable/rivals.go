package routetable

import (
	"slices"

	"ficus/gateway/route"
)

// rivals are the entries of one pattern, which their conditions set apart. However
// many they are, such as one for each tenant that has moved, a request is compared
// with few: those whose exact values it has.
type rivals struct {
	entries []*Entry // those with more conditions first
	index   *index   // of the same; nil where they are few
}

// few names or rivals are found faster without an index.
const few = 8

// An index finds rivals by the exact values that they want. Those that ask for a
// GraphQL operation stand apart, since it costs most to read one.
type index struct{ plain, asking branch }

// A branch holds the entries that agree on the exact wants on the way to it.
type branch struct {
	entries []*Entry // without further exact wants; those with more conditions first
	splits  []split
}

// A split parts entries by the exact value that they want of one fact.
type split struct {
	fact
	by map[route.Wanted]*branch
}

func (v *rivals) add(e *Entry) {
	v.entries = byCount(v.entries, e)
	switch {
	case v.index != nil:
		v.index.add(e)
	case len(v.entries) > few:
		v.index = &index{}
		for _, e := range v.entries {
			v.index.add(e)
		}
	}
}

// byCount inserts an entry behind those with as many conditions.
func byCount(entries []*Entry, e *Entry) []*Entry {
	i, _ := slices.BinarySearchFunc(entries, e.When.Count(), func(other *Entry, count int) int {
		if other.When.Count() >= count {
			return -1
		}
		return 1
	})
	return slices.Insert(entries, i, e)
}

func (x *index) add(e *Entry) {
	to, wants := &x.plain, []want(nil)
	if e.When != nil {
		wants = e.When.wants[:e.When.exact]
		if e.When.graphql != nil {
			to = &x.asking
		}
	}
	to.add(e, wants)
}

// add files an entry under its exact wants, some of which the way here has used up.
func (b *branch) add(e *Entry, wants []want) {
	if len(wants) == 0 {
		b.entries = byCount(b.entries, e)
		return
	}
	for i, w := range wants {
		for _, s := range b.splits {
			if s.fact == w.fact {
				s.branch(w.value).add(e, slices.Delete(slices.Clone(wants), i, i+1))
				return
			}
		}
	}
	s := split{fact: wants[0].fact, by: map[route.Wanted]*branch{}}
	b.splits = append(b.splits, s)
	s.branch(wants[0].value).add(e, wants[1:])
}

func (s split) branch(value route.Wanted) *branch {
	b := s.by[value]
	if b == nil {
		b = &branch{}
		s.by[value] = b
	}
	return b
}

// pick returns the entry with the most conditions, all of which hold; nil if there
// is none.
func (v *rivals) pick(r *Request) *Entry {
	if v.index != nil {
		return v.index.pick(r)
	}
	for _, e := range v.entries {
		if r.has(e) && e.When.hold(r) {
			return e
		}
	}
	return nil
}

func (x *index) pick(r *Request) *Entry { return x.asking.pick(r, x.plain.pick(r, nil)) }

// pick returns an entry whose conditions hold, if it has more of them than best.
func (b *branch) pick(r *Request, best *Entry) *Entry {
	for _, s := range b.splits {
		if value, ok := r.value(s.fact); ok {
			if next := s.by[route.Wanted(value)]; next != nil {
				best = next.pick(r, best)
			}
		}
	}
	for _, e := range b.entries {
		if best != nil && e.When.Count() <= best.When.Count() {
			break
		}
		if r.has(e) && e.When.holdToo(r) {
			return e
		}
	}
	return best
}

// each calls do for all entries that conditions don't exclude at first sight.
func (v *rivals) each(when *Conditions, do func(*Entry)) {
	if v.index != nil {
		v.index.plain.each(when, do)
		v.index.asking.each(when, do)
		return
	}
	for _, e := range v.entries {
		do(e)
	}
}

func (b *branch) each(when *Conditions, do func(*Entry)) {
	for _, e := range b.entries {
		do(e)
	}
	for _, s := range b.splits {
		if value, ok := when.exactly(s.fact); ok {
			if next := s.by[value]; next != nil {
				next.each(when, do)
			}
			continue
		}
		for _, next := range s.by {
			next.each(when, do)
		}
	}
}

// exactly returns the exact value that is wanted of a fact, if one is.
func (c *Conditions) exactly(f fact) (value route.Wanted, ok bool) {
	if c == nil {
		return "", false
	}
	for _, w := range c.wants[:c.exact] {
		if w.fact == f {
			return w.value, true
		}
	}
	return "", false
}

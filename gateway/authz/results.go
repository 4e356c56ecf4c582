package authz

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// maxResults is how many results are looked through one by one.
const maxResults = 32

// results are what rules came to in the course of one evaluation, so that none is
// evaluated twice: a [topdown.VirtualCache] that can be used again. OPA's own makes a tree
// of maps for each evaluation, which pays where a policy has many results; then it is
// taken.
type results struct {
	list   []result
	terms  []*ast.Term // of the references, one behind the other: those given may change
	frames []int       // where in the list the frames below the present one begin
	begin  int         // where the present one does
	many   topdown.VirtualCache
}

type result struct {
	from, to int       // of terms
	value    *ast.Term // nil: undefined
}

// Push begins a frame, in which nothing is known.
func (r *results) Push() {
	if r.many != nil {
		r.many.Push()
		return
	}
	r.frames, r.begin = append(r.frames, r.begin), len(r.list)
}

// Pop ends a frame and forgets it.
func (r *results) Pop() {
	if r.many != nil {
		r.many.Pop()
		return
	}
	if r.begin < len(r.list) {
		r.terms = r.terms[:r.list[r.begin].from]
	}
	r.list = r.list[:r.begin]
	r.begin, r.frames = r.frames[len(r.frames)-1], r.frames[:len(r.frames)-1]
}

// Get returns what a rule came to, or that it is known to be undefined.
func (r *results) Get(ref ast.Ref) (value *ast.Term, undefined bool) {
	if r.many != nil {
		return r.many.Get(ref)
	}
	if found := r.find(ref); found != nil {
		return found.value, found.value == nil
	}
	return nil, false
}

func (r *results) find(ref ast.Ref) *result {
	for i := r.begin; i < len(r.list); i++ {
		if one := &r.list[i]; equal(r.of(one), ref) {
			return one
		}
	}
	return nil
}

// equal compares from behind, where references to rules differ first.
func equal(a, b ast.Ref) bool {
	if len(a) != len(b) {
		return false
	}
	for i := len(a) - 1; i >= 0; i-- {
		if !a[i].Equal(b[i]) {
			return false
		}
	}
	return true
}

// of is the reference that a result is one of.
func (r *results) of(one *result) ast.Ref { return r.terms[one.from:one.to] }

// Put says what a rule came to; nil for undefined.
func (r *results) Put(ref ast.Ref, value *ast.Term) {
	if r.many == nil && len(r.list) == maxResults {
		r.move()
	}
	if r.many != nil {
		r.many.Put(ref, value)
		return
	}
	if found := r.find(ref); found != nil {
		found.value = value
		return
	}
	from := len(r.terms)
	r.terms = append(r.terms, ref...)
	r.list = append(r.list, result{from, len(r.terms), value})
}

// move has OPA's own tree go on with all that is known.
func (r *results) move() {
	r.many = topdown.NewVirtualCache()
	bounds := append(r.frames, r.begin)[1:] // the lowest frame begins at 0
	for i := range r.list {
		for len(bounds) > 0 && bounds[0] == i {
			r.many.Push()
			bounds = bounds[1:]
		}
		r.many.Put(r.of(&r.list[i]), r.list[i].value)
	}
	for range bounds {
		r.many.Push()
	}
}

// Keys returns of what rules the present frame has a value.
func (r *results) Keys() (refs []ast.Ref) {
	if r.many != nil {
		return r.many.Keys()
	}
	for i := r.begin; i < len(r.list); i++ {
		if one := &r.list[i]; one.value != nil {
			refs = append(refs, r.of(one).Copy())
		}
	}
	return refs
}

// forget makes it new, and lets go of what it knew.
func (r *results) forget() {
	list, terms := r.list[:cap(r.list)], r.terms[:cap(r.terms)]
	clear(list) // what was popped, too
	clear(terms)
	*r = results{list: list[:0], terms: terms[:0], frames: r.frames[:0]}
}

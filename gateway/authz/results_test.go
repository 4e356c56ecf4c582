package authz

import (
	"sync"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
	"pgregory.net/rapid"
)

// Results know what OPA's own tree knows, after whatever was done to both, and nothing
// once they have forgotten.
func TestResultsAreOPAs(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e", "f", "g"}
	refs := rapid.Custom(func(t *rapid.T) ast.Ref {
		ref := ast.Ref{ast.DefaultRootDocument}
		for range rapid.IntRange(1, 3).Draw(t, "length") {
			ref = append(ref, ast.StringTerm(rapid.SampledFrom(names).Draw(t, "name")))
		}
		return ref
	})
	used := new(results)
	rapid.Check(t, func(t *rapid.T) {
		got, want, depth := used, topdown.NewVirtualCache(), 0
		defer used.forget()
		for range rapid.IntRange(0, 150).Draw(t, "steps") {
			ref := refs.Draw(t, "ref")
			known, undefined := want.Get(ref)
			switch step := rapid.IntRange(0, 9).Draw(t, "step"); {
			case step == 0:
				got.Push()
				want.Push()
				depth++
			case step == 1 && depth > 0:
				got.Pop()
				want.Pop()
				depth--
			case step < 7 && known == nil && !undefined: // the evaluator never says what it has said
				var value *ast.Term
				if rapid.Bool().Draw(t, "defined") {
					value = ast.IntNumberTerm(rapid.Int().Draw(t, "value"))
				}
				given := append(ast.Ref{}, ref...)
				got.Put(given, value)
				clear(given) // the evaluator uses it again
				want.Put(ref, value)
			}
			value, none := got.Get(ref)
			if known, undefined = want.Get(ref); value != known || none != undefined {
				t.Fatalf("%v is %v, %v and not %v, %v", ref, value, none, known, undefined)
			}
			if a, b := len(got.Keys()), len(want.Keys()); a != b {
				t.Fatalf("%d keys, not %d", a, b)
			}
		}
	})
	for _, one := range used.list[:cap(used.list)] {
		if one.value != nil {
			t.Errorf("%v is still known", one)
		}
	}
	for _, term := range used.terms[:cap(used.terms)] {
		if term != nil {
			t.Errorf("%v is still held", term)
		}
	}
}

// Decisions at the same time share what they take, one after the other, and never an
// answer.
func TestDecisionsAtOnce(t *testing.T) {
	set := load(t, map[string]string{
		"p.rego": "package p\nallow if { double == 2 * input.body; even }\ndouble := n + n if n := input.body\neven if input.body % 2 == 0\n",
	}).Within(time.Minute).Unkept()
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for n := range 200 {
				n := n*8 + worker/2
				if d := set.Decide(t.Context(), "p", &Input{BodyState: BodyWhole, Body: n}); d.Allow != (n%2 == 0) || d.Cause != Allowed && d.Cause != Undefined {
					t.Errorf("%d: %+v", n, d)
				}
			}
		})
	}
	group.Wait()
}

package authz

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// A question has the answer that package rego has, which is what OPA's users know.
func TestQuestionSaysWhatRegoSays(t *testing.T) {
	for name, text := range map[string]string{
		"true":        "allow := true",
		"false":       "allow := false",
		"condition":   "allow if input.a == 1",
		"undefined":   "allow if input.a == 2",
		"default":     "default allow := false\nallow if input.a == 2",
		"else":        "allow := false if input.a == 2\nelse := true",
		"text":        "allow := input.b",
		"number":      "allow := 1.5",
		"null":        "allow := null",
		"list":        "allow := [input.a, true]",
		"set":         "allow := {1, 2}",
		"members":     "allow contains x if some x in [true]",
		"no members":  "allow contains x if some x in []",
		"object":      `decision := {"allow": true}`,
		"refusal":     `decision := {"allow": false}`,
		"no allow":    `decision := {"deny": true}`,
		"odd allow":   `decision := {"allow": "true"}`,
		"more":        `decision := {"allow": input.a == 1, "claims": {"b": input.b, "n": [1, 2.5, null]}, "reason": "because", "status": 404}`,
		"key no text": `decision := {"allow": true, 1: 2}`,
		"conflict":    "allow := true if input.a == 1\nallow := false if input.b == \"x\"",
		"function":    "allow if f(input.a)\nf(x) if x == 1",
		"data":        "allow if data.known[input.b]",
		"division":    "allow if input.a / 0 == 1",
		"recall":      "allow if { n > 0; n > 0; not m }\nn := count(input.list)\nm if n > 7",
		"with":        "allow if { n == 3; n == 9 with input.list as numbers.range(1, 9); n == 3 }\nn := count(input.list)",
		"many": "allow if { every x in numbers.range(1, 40) { twice(x) == x + x; double[x] == twice(x) } }\n" +
			"twice(x) := x * 2\ndouble[x] := y if { some x in numbers.range(1, 40); y := twice(x) }",
	} {
		t.Run(name, func(t *testing.T) {
			text := "package p\n" + text
			compiler, err := ast.CompileModules(map[string]string{"p.rego": text})
			if err != nil {
				t.Fatal(err)
			}
			rule := "data.p.allow"
			if strings.Contains(text, "decision") {
				rule = "data.p.decision"
			}
			store := newStore(map[string]any{"known": map[string]any{"x": true}})
			input := ast.MustParseTerm(`{"a": 1, "b": "x", "list": [1, 2, 3]}`).Value
			q, err := newQuestion(t.Context(), rule, compiler, store)
			if err != nil {
				t.Fatal(err)
			}
			want := saidByRego(t, rego.New(rego.Query(rule), rego.Compiler(compiler), rego.Store(store), rego.ParsedInput(input)))
			known := new(results)
			for range 3 { // what an evaluation left behind changes none after it
				answer, err := q.put(t.Context(), &asking{input: input, end: deadline{started: time.Now(), budget: time.Minute}, known: known})
				known.forget()
				var got string
				switch {
				case err != nil:
					got = err.Error()
				case answer != nil:
					got = fmt.Sprintf("%+v", readAnswer(answer))
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func saidByRego(t *testing.T, r *rego.Rego) string {
	results, err := r.Eval(t.Context())
	switch {
	case err != nil:
		return err.Error()
	case len(results) == 0:
		return ""
	}
	return fmt.Sprintf("%+v", read(results[0].Expressions[0].Value))
}

func TestQuestionEnds(t *testing.T) {
	compiler, err := ast.CompileModules(map[string]string{"p.rego": "package p\nallow if { some x, y in numbers.range(1, 1e5); x + y < 0 }"})
	if err != nil {
		t.Fatal(err)
	}
	q, err := newQuestion(t.Context(), "data.p.allow", compiler, newStore(nil))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := q.put(t.Context(), &asking{input: ast.NewObject(), end: deadline{started: time.Now(), budget: time.Millisecond}, known: new(results)})
	if answer != nil || err == nil || !strings.Contains(err.Error(), "cancel") {
		t.Error(answer, err)
	}
}

// An evaluation that the machine kept waiting may end; one that goes on may not.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := deadline{started: time.Now(), budget: 100 * time.Millisecond}
		for _, step := range []struct {
			after time.Duration
			ended bool
		}{{0, false}, {100 * time.Millisecond, false}, {time.Second, false}, {9 * time.Millisecond, false}, {time.Millisecond, true}, {0, true}} {
			time.Sleep(step.after)
			if d.Cancelled() != step.ended {
				t.Errorf("after %v: ended is not %v", step.after, step.ended)
			}
		}
	})
}

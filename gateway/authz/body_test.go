package authz

import (
	"context"
	"slices"
	"testing"
)

// A policy that reads the body decides of one that it sees whole, or that is not there.
// What it can't see it would take for nothing.
func TestBodyMustBeSeen(t *testing.T) {
	set := load(t, map[string]string{
		"careless.rego": "package careless\nallow if not input.body.evil\n",
		"deep.rego":     "package deep\nallow if fine(data.lib.amount)\nfine(n) if n < 100\n",
		"lib.rego":      "package lib\ndefault amount := 0\namount := input.body.amount\n",
		"bare.rego":     "package bare\nallow if object.get(input, [\"body\", \"evil\"], false) == false\n",
		"state.rego":    "package state\nallow if input.body_state != \"nonsense\"\n",
		"method.rego":   "package method\nallow if input.method == \"POST\"\n",
	})
	for name, reads := range map[string]bool{"careless": true, "deep": true, "bare": true, "state": false, "method": false, "absent": false} {
		if set.ReadsBody(name) != reads {
			t.Errorf("%s reads the body: %v", name, !reads)
		}
		if !set.Has(name) {
			continue
		}
		for state, seen := range map[BodyState]bool{
			BodyWhole: true, BodyEmpty: true, BodyNotAsked: !reads, BodyTooLarge: false, BodyMalformed: false, BodyUnread: false,
		} {
			in := &Input{Method: "POST", BodyState: state}
			if state == BodyWhole {
				in.Body = map[string]any{"amount": 1.0}
			}
			for range 2 { // the second may be a kept decision
				d := set.Decide(context.Background(), name, in)
				if d.Allow != seen || !seen && (d.Cause != Unseen || d.Status != 403 || d.Reason == "") {
					t.Errorf("%s, body %q: %+v", name, state, d)
				}
			}
		}
	}
}

func TestReads(t *testing.T) {
	set := load(t, map[string]string{
		"a.rego": "package a\nallow if {\n\tinput.headers[\"x-b\"][0] == input.method\n\tinput.headers[\"x-a\"]\n}\n",
		"b.rego": "package b\nallow if \"x\" in input.headers[input.method]\n",
	})
	if got := set.Reads("a"); !slices.Equal(got, []string{"method", "headers.x-a", "headers.x-b"}) {
		t.Errorf("a reads %q", got)
	}
	if got := set.HeadersOf("a"); !slices.Equal(got, []string{"x-a", "x-b"}) {
		t.Errorf("a has headers %q", got)
	}
	if got := set.HeadersOf("b"); got != nil {
		t.Errorf("b has headers %q", got)
	}
	if got := set.Reads("absent"); got != nil {
		t.Errorf("nobody reads %q", got)
	}
}

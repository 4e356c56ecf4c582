package authz

import (
	"context"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/topdown/lineage"
)

// An Explanation is a decision, and how the policy came to it.
type Explanation struct {
	Decision Decision
	Reads    []string // paths of the input
	Kept     bool     // a gateway may keep such a decision for some seconds
	Trace    string   // as OPA prints it: each rule that was entered and expression that was evaluated
}

// Traces are what of an evaluation a trace shows: everything, what failed and the way to
// it, or nothing.
var Traces = []string{"full", "fails", "none"}

// explainBudget replaces the budget of a decision, since tracing one takes long.
const explainBudget = 10 * time.Second

// Explain asks a policy as Decide does, and keeps a trace: one of [Traces].
func (s *Set) Explain(ctx context.Context, name string, in *Input, trace string) Explanation {
	e := Explanation{Reads: s.Reads(name), Kept: s.Keeps(name)}
	var tracer *topdown.BufferTracer
	if s != nil {
		other := *s.Unkept().Within(max(s.budget, explainBudget))
		if trace != "none" {
			tracer = topdown.NewBufferTracer()
			other.tracer = tracer
		}
		s = &other
	}
	e.Decision = s.Decide(ctx, name, in)
	if tracer != nil {
		events := lineage.Full(*tracer)
		if trace == "fails" {
			events = lineage.Fails(*tracer)
		}
		var text strings.Builder
		topdown.PrettyTraceWithOpts(&text, events, topdown.PrettyTraceOptions{Locations: true})
		e.Trace = text.String()
	}
	return e
}

// Unkept returns the same policies, evaluated anew for each decision.
func (s *Set) Unkept() *Set {
	if s == nil {
		return nil
	}
	other := *s
	other.kept = nil
	return &other
}

// At returns the same policies, to which it is always the same time.
func (s *Set) At(now time.Time) *Set {
	if s == nil {
		return nil
	}
	other := *s.Unkept()
	other.now = func() time.Time { return now }
	return &other
}

package policy

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"ficus/gateway/authz"
)

// A BenchReport says how long policies take.
type BenchReport struct {
	Revision string   `json:"revision"` // of the policies
	Policies []Timing `json:"policies"` // by name
	Skipped  int      `json:"skipped"`  // lines of a log that are of something else, or masked
	Partial  int      `json:"partial"`  // lines of a log whose claims are known by their names alone
	Made     int      `json:"made"`     // inputs that are examples made of routes
}

// A Timing is what one policy takes for its inputs.
type Timing struct {
	Policy  string              `json:"policy"`
	Inputs  int                 `json:"inputs"`
	Causes  map[authz.Cause]int `json:"causes"`  // of the decisions, inputs each
	Differs int                 `json:"differs"` // inputs that were once decided otherwise
	Kept    bool                `json:"kept"`    // its decisions may be kept, so that warm is faster
	Cold    Quantiles           `json:"cold"`    // each decision evaluated
	Warm    Quantiles           `json:"warm"`    // with those that are kept
	Allocs  int64               `json:"allocs"`  // of one evaluation: allocations on the heap, on average
	Bytes   int64               `json:"bytes"`   // and how much they take
}

// Quantiles are times of one decision in nanoseconds.
type Quantiles struct {
	Decisions int   `json:"decisions"`
	P50       int64 `json:"p50_ns"`
	P90       int64 `json:"p90_ns"`
	P99       int64 `json:"p99_ns"`
	Max       int64 `json:"max_ns"`
}

// maxSamples bounds how many decisions are timed.
const maxSamples = 1 << 20

// Bench times the policies, cold and warm for some time each; every input is asked once at
// least.
func Bench(ctx context.Context, policies *authz.Set, inputs *Inputs, each time.Duration) (*BenchReport, error) {
	r := &BenchReport{Revision: policies.ID(), Policies: []Timing{}, Skipped: inputs.Skipped, Partial: inputs.Partial, Made: inputs.Made}
	by := map[string][]Recorded{}
	for _, one := range inputs.List {
		if !policies.Has(one.Policy) {
			return nil, fmt.Errorf("there is no policy %q: there is %s", one.Policy, orNone(strings.Join(policies.Names(), ", ")))
		}
		by[one.Policy] = append(by[one.Policy], one)
	}
	for _, name := range policies.Names() {
		if list := by[name]; len(list) > 0 {
			t := timing(ctx, policies, list, each)
			r.Policies = append(r.Policies, t)
		}
	}
	return r, ctx.Err()
}

func timing(ctx context.Context, policies *authz.Set, list []Recorded, each time.Duration) Timing {
	name := list[0].Policy
	t := Timing{Policy: name, Inputs: len(list), Causes: map[authz.Cause]int{}, Kept: policies.Keeps(name)}
	for _, one := range list { // what a first time costs is no one's question
		d := policies.Decide(ctx, name, one.Input)
		t.Causes[d.Cause]++
		if one.Allow != nil && *one.Allow != d.Allow {
			t.Differs++
		}
	}
	t.Cold = timed(ctx, policies.Unkept(), list, each)
	t.Warm = timed(ctx, policies, list, each)
	t.Allocs, t.Bytes = allocated(ctx, policies.Unkept(), list)
	return t
}

// leastCounted is how many evaluations allocations are counted over: what else goes on in
// the process hardly counts then.
const leastCounted = 200

// allocated counts what an evaluation allocates. It counts the whole process, so nothing
// else should be going on in it.
func allocated(ctx context.Context, policies *authz.Set, list []Recorded) (allocs, bytes int64) {
	var before, after runtime.MemStats
	n := int64(0)
	runtime.ReadMemStats(&before)
	for n < leastCounted && ctx.Err() == nil {
		for _, one := range list {
			policies.Decide(ctx, one.Policy, one.Input)
			n++
		}
	}
	runtime.ReadMemStats(&after)
	if n == 0 {
		return 0, 0
	}
	return int64(after.Mallocs-before.Mallocs) / n, int64(after.TotalAlloc-before.TotalAlloc) / n
}

func timed(ctx context.Context, policies *authz.Set, list []Recorded, each time.Duration) Quantiles {
	var took []int64
	for end := time.Now().Add(each); len(took) < maxSamples && ctx.Err() == nil; {
		for _, one := range list {
			took = append(took, policies.Decide(ctx, one.Policy, one.Input).Took.Nanoseconds())
		}
		if !time.Now().Before(end) {
			break
		}
	}
	return quantiles(took)
}

func quantiles(took []int64) Quantiles {
	if len(took) == 0 {
		return Quantiles{}
	}
	slices.Sort(took)
	at := func(percent int) int64 { return took[(len(took)*percent+99)/100-1] }
	return Quantiles{Decisions: len(took), P50: at(50), P90: at(90), P99: at(99), Max: at(100)}
}

// Slower returns the policies of which a hundredth of the evaluations takes longer.
func (r *BenchReport) Slower(limit time.Duration) (names []string) {
	for _, t := range r.Policies {
		if t.Cold.P99 > limit.Nanoseconds() {
			names = append(names, t.Policy)
		}
	}
	return names
}

// Print writes the report for people.
func (r *BenchReport) Print(w io.Writer) error {
	var b strings.Builder
	width := len("policy")
	for _, t := range r.Policies {
		width = max(width, len(t.Policy))
	}
	fmt.Fprintf(&b, "%-*s  inputs  allowed  %9s  %9s  %9s  %6s  %9s  %9s\n", width, "policy", "cold p50", "p90", "p99", "allocs", "warm p50", "p99")
	for _, t := range r.Policies {
		warm50, warm99 := shown(t.Warm.P50), shown(t.Warm.P99)
		if !t.Kept {
			warm50, warm99 = "not kept", ""
		}
		row := fmt.Sprintf("%-*s  %6d  %7d  %9s  %9s  %9s  %6d  %9s  %9s", width, t.Policy, t.Inputs, t.Causes[authz.Allowed],
			shown(t.Cold.P50), shown(t.Cold.P90), shown(t.Cold.P99), t.Allocs, warm50, warm99)
		b.WriteString(strings.TrimRight(row, " ") + "\n")
	}
	for _, note := range r.notes() {
		b.WriteString("\n" + note)
	}
	if len(r.notes()) > 0 {
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *BenchReport) notes() (notes []string) {
	for _, t := range r.Policies {
		if t.Differs > 0 {
			notes = append(notes, fmt.Sprintf("%s: %s of %d decided otherwise than recorded", t.Policy, count(t.Differs, "input"), t.Inputs))
		}
		for _, cause := range []authz.Cause{authz.WrongType, authz.Failed, authz.Late} {
			if n := t.Causes[cause]; n > 0 {
				notes = append(notes, fmt.Sprintf("%s: %s ended with the cause %q", t.Policy, count(n, "input"), cause))
			}
		}
	}
	if r.Made > 0 {
		notes = append(notes, fmt.Sprintf("%s made of the routes; --claim name=value says who asks", count(r.Made, "input")))
	}
	if r.Partial > 0 {
		notes = append(notes, fmt.Sprintf("%s of a log without the values of claims: --claim name=value gives them", count(r.Partial, "line")))
	}
	if r.Skipped > 0 {
		notes = append(notes, fmt.Sprintf("%s passed over: no decisions, or masked", count(r.Skipped, "line")))
	}
	return notes
}

// shown is a time for a table.
func shown(ns int64) string {
	switch d := time.Duration(ns); {
	case d < time.Microsecond:
		return fmt.Sprintf("%d ns", ns)
	case d < time.Millisecond:
		return fmt.Sprintf("%.1f µs", float64(ns)/1e3)
	}
	return fmt.Sprintf("%.2f ms", float64(ns)/1e6)
}

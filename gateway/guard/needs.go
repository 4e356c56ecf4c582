package guard

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"ficus/gateway/authz"
	"ficus/gateway/route"
)

// Needs counts who needs which policy. The zero value is ready, and may be used
// concurrently.
type Needs struct {
	mu    sync.Mutex
	users map[string]int
}

// Need says that a policy is in use, until released.
func (n *Needs) Need(policy string) (release func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.users == nil {
		n.users = map[string]int{}
	}
	n.users[policy]++
	return sync.OnceFunc(func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.users[policy]--; n.users[policy] == 0 {
			delete(n.users, policy)
		}
	})
}

// Lost returns a problem for each policy in use that is in the set before and no more in
// the one after.
func (n *Needs) Lost(before, after *authz.Set) route.Problems {
	n.mu.Lock()
	defer n.mu.Unlock()
	var problems route.Problems
	for _, policy := range slices.Sorted(maps.Keys(n.users)) {
		if before.Has(policy) && !after.Has(policy) {
			problems = append(problems, route.Problem{
				Code: route.CodePolicyBroken, Message: fmt.Sprintf("the policy %q is in use, and is gone", policy),
				Hint: "stop using it before you remove it",
			})
		}
	}
	return problems
}

// LogProblems logs each problem.
func LogProblems(to *slog.Logger, problems route.Problems) {
	for _, p := range problems {
		log := to.Error
		if p.Severity == route.Warning {
			log = to.Warn
		}
		log(p.String(), "code", p.Code, "file", p.Origin.File, "line", p.Origin.Line, "column", p.Origin.Column, "text", p.Line, "hint", p.Hint)
	}
}

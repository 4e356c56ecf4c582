package control

import (
	"fmt"
	"slices"

	"ficus/gateway/authz"
	"ficus/gateway/route"
)

func (t *Tables) policySource() policySource {
	if t.Remote != nil {
		return policySource{elsewhere: true, set: t.Remote()}
	}
	return policySource{set: t.known}
}

// UsePolicies makes other policies decide beside the table that serves, where they come
// from elsewhere than the folder.
func (t *Tables) UsePolicies(set *authz.Set) {
	t.mu.Lock()
	defer t.mu.Unlock()
	status := t.Status()
	if status.Table == nil {
		return // the first load takes them
	}
	if problems := t.Publish(status.Table, set); problems.HasErrors() {
		t.logProblems(problems)
		t.recordRefused(problems)
		return
	}
	status.Policies = set
	t.status.Store(&status)
	t.recordPolicies(set)
}

// Accepts says what is wrong with policies for the table that serves: one that a route
// names and that is missing. Without a table nothing is.
func (t *Tables) Accepts(set *authz.Set) route.Problems {
	var problems route.Problems
	table := t.Status().Table
	if table == nil {
		return nil
	}
	names := set.Names()
	for _, e := range table.Entries {
		if e.Guarded() && !slices.Contains(names, e.Policy) {
			problems = append(problems, route.Problem{
				Code: route.CodeUnknownPolicy, Origin: e.Origin, Route: e.ID,
				Message: fmt.Sprintf("the route needs the policy %q, which is not among the new ones", e.Policy),
			})
		}
	}
	return problems
}

// PoliciesRefused records that policies from elsewhere than the folder are not taken, and
// why: those from before decide on.
func (t *Tables) PoliciesRefused(problems route.Problems) { t.recordRefused(problems) }

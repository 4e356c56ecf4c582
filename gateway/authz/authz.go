// Package authz is room 3: policies decide who may. It embeds Open Policy Agent, so a
// decision takes microseconds and no other process, and it fails closed: whatever is
// undefined, of the wrong type, late, missing or broken denies.
//
// A policy is a Rego package of the folder of policies (routes/policies/*.rego); its
// name is the package's, such as "shop.cart". It says either
//
//	allow if …                 # true or false
//
// or, to say more, decision := {"allow": …, "reason": …}; see [Decision].
//
// [Load] reads a folder whole: it parses, compiles strictly and without built-ins that
// reach out, runs the folder's own tests, and prepares every policy. What comes of it, a
// [Set], is immutable. The caller keeps the last good one.
package authz

import "time"

// A Decision is what a policy said of a request, or what became of the question.
type Decision struct {
	Allow  bool
	Cause  Cause
	Reason string // for the decision log, never for the client
	Status int    // to answer where Allow is false: 303, 401, 403, 404 or 429 as the policy says, else by the cause

	Headers     map[string]string // for the client's answer, where Allow is false
	Claims      map[string]any    // for the internal token
	Obligations map[string]any    // what the gateway is to do besides

	Took time.Duration
}

// Cause says how a decision came about. It is a metric label.
type Cause string

// The causes. All but Allowed deny.
const (
	Allowed   Cause = "allowed"
	Denied    Cause = "denied"    // the policy says no
	Undefined Cause = "undefined" // the policy says nothing
	WrongType Cause = "type"      // the policy says what is neither yes nor no
	Failed    Cause = "error"     // the evaluation failed or panicked
	Late      Cause = "late"      // the evaluation took too long
	Missing   Cause = "missing"   // there is no such policy
	Unseen    Cause = "body"      // the policy did not get to see the body that it reads, or the route shows it
)

// deny is a refusal that no policy worded. A policy that says no, or nothing, refuses
// the request (403); one that can't be asked is trouble of ours (503).
func deny(cause Cause, reason string) Decision {
	status := 503
	if cause == Denied || cause == Undefined || cause == Unseen {
		status = 403
	}
	return Decision{Cause: cause, Reason: reason, Status: status}
}

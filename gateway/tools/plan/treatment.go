package plan

import (
	"math"
	"slices"
	"strings"

	"ficus/gateway/route"
)

// unnoticed are keys that no request notices: they say which requests the route owns,
// or are for people.
var unnoticed = []string{"id", "match", "description", "owner", "expires"}

// treatedAlike reports whether requests can't tell which of two routes owns them.
func treatedAlike(a, b *unit) bool {
	return sameText(a.written, b.written) || len(changes(a.treatment(), b.treatment())) == 0
}

// treatment returns the keys of the route that requests notice. Every key counts
// unless it is known not to.
func (u *unit) treatment() []property {
	if u.noticed == nil {
		for _, p := range u.properties() {
			top, _, _ := strings.Cut(p.key, ".")
			if top == "when" || slices.Contains(unnoticed, p.key) || asleep(u.written.Stage, p.key) {
				continue
			}
			if p.key == "policy" && everybody(p.means) {
				p.means = route.PolicyPublic
			}
			u.noticed = append(u.noticed, p)
		}
	}
	return u.noticed
}

// asleep reports whether a key says nothing at a stage.
func asleep(stage route.Stage, key string) bool {
	top, _, _ := strings.Cut(key, ".")
	switch top {
	case "weight", "group", "cohort", "force":
		return stage != route.StageCanary
	case "backend":
		return stage == route.StageLegacy
	case "retry", "idempotent", "max_replay":
		return !callsNew(stage)
	case "fallback":
		return !fallsBack(stage)
	case "shadow":
		return stage != route.StageShadow
	}
	return stage == route.StageLegacy && strings.HasPrefix(key, "rewrite.new.") ||
		stage == route.StageRetired && strings.HasPrefix(key, "rewrite.legacy.")
}

// callsNew reports whether the new side serves some or all requests of a stage.
func callsNew(stage route.Stage) bool { return stage >= route.StageCanary }

// fallsBack reports whether legacy may answer at a stage because the new side failed.
func fallsBack(stage route.Stage) bool {
	return stage == route.StageCanary || stage == route.StageNew
}

// everybody reports whether a policy lets everybody: public, and none.
func everybody(policy string) bool { return policy == "" || policy == route.PolicyPublic }

// newShare is the part of the clients that the new side serves: 0 to 1. (A request
// that has none of the cohort's sources goes to legacy at stage canary; see stray.)
func newShare(d *route.Definition) float64 {
	switch d.Stage {
	case route.StageLegacy, route.StageShadow:
		return 0
	case route.StageCanary:
		return math.Round(d.Weight*100) / 10_000
	}
	return 1
}

// move says how many of the clients change sides between two routes.
type move struct {
	toNew, toLegacy float64 // parts of all clients, 0 to 1
	dealt           bool    // who is on which side was dealt anew: the parts are what to expect
}

func moveOf(a, b *unit) move {
	was, is := newShare(a.written), newShare(b.written)
	if dealtAnew(a, b) && was > 0 && was < 1 && is > 0 && is < 1 {
		// Cohorts of two groups, or from two sources, are independent.
		return move{toNew: (1 - was) * is, toLegacy: was * (1 - is), dealt: true}
	}
	return move{toNew: max(0, is-was), toLegacy: max(0, was-is)}
}

// dealtAnew reports whether clients fall into other cohorts: those depend on the group
// and on where a client's principal comes from.
func dealtAnew(a, b *unit) bool {
	return a.entry.Group != b.entry.Group || !slices.Equal(a.entry.Cohort, b.entry.Cohort)
}

// stray returns the cohort's sources where a request may have none of them, nil where
// each has one.
func stray(u *unit) []route.Source {
	if slices.Contains(u.entry.Cohort, route.Source{Kind: route.FromClientIP}) {
		return nil
	}
	return u.entry.Cohort
}

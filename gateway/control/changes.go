package control

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ficus/gateway/authz"
	"ficus/gateway/change"
	"ficus/gateway/route"
)

// recordApplied records that another table serves, and what is different in it. An edit
// that changes neither table nor policies is no change. The confirmation is the zero value
// where none was needed.
func (t *Tables) recordApplied(before, after Status, c confirmation) {
	if before.Revision() != after.Revision() || before.Source != after.Source || before.LastReloadOK != after.LastReloadOK {
		text := tableText(after)
		if before.Removal != nil && c.hash == before.Removal.Hash {
			text += fmt.Sprintf("; confirmed that %d of %d routes go", before.Removal.Gone, before.Removal.Of)
		}
		t.Changes.Record(change.Event{Kind: change.TableApplied, Revision: after.Revision(), By: c.by, Text: text})
	} else {
		t.Logger.Info("route folder read: the table is the same", "revision", after.Revision())
	}
	for _, e := range change.Between(before.Table, after.Table) {
		t.Changes.Record(e)
	}
	if before.Policies.ID() != after.Policies.ID() && len(before.Policies.Names())+len(after.Policies.Names()) > 0 {
		t.recordPolicies(after.Policies)
	}
}

// recordRejected records that an edit, or a start, found errors, and what serves.
func (t *Tables) recordRejected(s Status, policiesBroken bool) {
	e := change.Event{Kind: change.TableRejected, Revision: s.Revision(), Text: s.Readiness().Message + "; " + errorsText(s.Problems)}
	t.Changes.Record(e)
	if policiesBroken {
		t.recordRefused(slices.DeleteFunc(slices.Clone(s.Problems), func(p route.Problem) bool { return !isOfPolicies(p) }))
	}
}

func (t *Tables) recordPolicies(set *authz.Set) {
	t.Changes.Record(change.Event{
		Kind: change.PoliciesSwapped, Revision: set.ID(),
		Text: fmt.Sprintf("policies of revision %s decide: %d", set.ID(), len(set.Names())),
	})
}

// recordRefused records that other policies have errors: those from before decide on.
func (t *Tables) recordRefused(problems route.Problems) {
	set := t.Status().Policies
	text := "no policies decide: routes that need one answer 503"
	if set != nil {
		text = fmt.Sprintf("policies of revision %s decide on", set.ID())
	}
	t.Changes.Record(change.Event{Kind: change.PoliciesRejected, Revision: set.ID(), Text: text + "; " + errorsText(problems)})
}

// errorsText says how many errors there are, and what the first one is.
func errorsText(problems route.Problems) string {
	errors, _ := problems.Count()
	first := slices.IndexFunc(problems, func(p route.Problem) bool { return p.Severity == route.Error })
	switch {
	case first < 0:
		return "the log says why"
	case errors == 1:
		return problems[first].String()
	}
	return fmt.Sprintf("%d errors, the first: %s", errors, problems[first])
}

// tableText says what serves now: "revision 1f2e serves 12 routes: legacy 10, canary 2".
func tableText(s Status) string {
	counts := countStages(s.Table)
	var stages []string
	for _, stage := range route.Stages {
		if counts[stage] > 0 {
			stages = append(stages, fmt.Sprintf("%s %d", stage, counts[stage]))
		}
	}
	text := fmt.Sprintf("revision %s serves %d routes: %s", s.Revision(), len(s.Table.Entries)-1, strings.Join(stages, ", "))
	if _, warnings := s.Problems.Count(); warnings > 0 {
		text += fmt.Sprintf("; %d warnings", warnings)
	}
	return strings.TrimSuffix(text, ": ")
}

func killedText(reason string) string { return "legacy serves: " + cmp.Or(reason, "no reason given") }

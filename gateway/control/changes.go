package control

import (
	"fmt"

	"ficus/gateway/authz"
	"ficus/gateway/change"
	"ficus/gateway/route"
)

// recordApplied records that another table serves, and what is different in it.
func (t *Tables) recordApplied(before, after Status) {
	if before.Revision() != after.Revision() || before.Source != after.Source {
		_, warnings := after.Problems.Count()
		t.Changes.Record(change.Event{Kind: change.TableApplied, Text: fmt.Sprintf("revision %s serves: %d routes, %d warnings",
			after.Revision(), len(after.Table.Entries)-1, warnings)})
	}
	for _, e := range change.Between(before.Table, after.Table) {
		t.Changes.Record(e)
	}
	if before.Policies.ID() != after.Policies.ID() && len(before.Policies.Names())+len(after.Policies.Names()) > 0 {
		t.Changes.Record(change.Event{Kind: change.PoliciesSwap, Text: policiesText(after.Policies)})
	}
}

// recordRejected records that an edit, or a start, found errors.
func (t *Tables) recordRejected(s Status) {
	errors, _ := s.Problems.Count()
	text := fmt.Sprintf("%d errors; %s", errors, s.Readiness().Message)
	for _, p := range s.Problems {
		if p.Severity == route.Error {
			text += "; first: " + p.String()
			break
		}
	}
	t.Changes.Record(change.Event{Kind: change.TableRejected, Text: text})
}

func policiesText(set *authz.Set) string {
	return fmt.Sprintf("policies of revision %s decide: %d", set.ID(), len(set.Names()))
}

func killedText(reason string) string {
	if reason == "" {
		return "legacy serves: no reason given"
	}
	return "legacy serves: " + reason
}

package control

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/change"
	"ficus/gateway/route"
)

// kinds returns what was recorded, the oldest first.
func (p *published) kinds() (list []change.Kind) {
	for _, e := range slices.Backward(p.changes.Recent(100, nil)) {
		list = append(list, e.Kind)
	}
	return list
}

// Each load tells what it came to: tables, routes and policies that were taken or refused,
// and that a folder was mended; one that says the same as before is no change.
func TestWhatLoadsTell(t *testing.T) {
	p := newTables(t, map[string]string{"legacy.yaml": guardedFile, "policies/cart.rego": goodPolicy})
	p.load(Applied)
	p.write(map[string]string{"legacy.yaml": guardedFile + "# a comment\n"})
	p.load(Applied)
	p.write(map[string]string{"policies/cart.rego": badPolicy})
	p.load(Rejected)
	p.write(map[string]string{"policies/cart.rego": goodPolicy})
	p.load(Applied)
	p.write(map[string]string{"policies/cart.rego": newPolicy, "a.yaml": goodFile})
	p.load(Applied)
	want := []change.Kind{
		change.TableApplied, change.PoliciesSwapped,
		change.TableRejected, change.PoliciesRejected,
		change.TableApplied, change.TableApplied, change.RouteAdded, change.PoliciesSwapped,
	}
	if diff := cmp.Diff(want, p.kinds()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	refused := p.changes.Recent(1, func(e *change.Event) bool { return e.Kind == change.PoliciesRejected })[0]
	if !strings.HasPrefix(refused.Text, "policies of revision ") || !strings.Contains(refused.Text, " decide on; ") || !strings.Contains(refused.Text, "cart.rego:") {
		t.Errorf("it says %q", refused.Text)
	}
}

// Policies from elsewhere that are refused are told of, with why, or with where to look.
func TestRefusedPoliciesAreTold(t *testing.T) {
	p := newTables(t, map[string]string{"legacy.yaml": legacyFile})
	p.load(Applied)
	for _, tc := range []struct {
		problems route.Problems
		want     string
	}{
		{nil, "; the log says why"},
		{route.Problems{{Code: route.CodeUnknownPolicy, Message: "no"}}, "; unknown_policy: no"},
		{route.Problems{{Severity: route.Warning, Code: "a", Message: "w"}, {Code: "b", Message: "x"}, {Code: "c", Message: "y"}}, "; 2 errors, the first: b: x"},
	} {
		p.tables.PoliciesRefused(tc.problems)
		got := p.changes.Recent(1, nil)[0]
		if got.Kind != change.PoliciesRejected || !strings.HasSuffix(got.Text, tc.want) {
			t.Errorf("%+v, want %q", got, tc.want)
		}
	}
}

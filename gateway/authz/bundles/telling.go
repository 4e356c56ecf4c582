package bundles

import (
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/plugins/bundle"

	"ficus/gateway/authz"
	"ficus/gateway/route"
)

// telling knows what is wrong with each bundle, and tells what is new.
type telling struct {
	changed func(*authz.Set, route.Problems)

	mu      sync.Mutex // held while changed is called
	ended   bool
	set     *authz.Set
	of      map[string]route.Problems // by bundle; "" for the activation that succeeded last
	refusal route.Problems            // of the activation that was refused last
	told    string                    // of what changed was told last
	toldSet *authz.Set
}

// activated takes policies that decide from now on. What was wrong with some bundle
// before is over: all of them are in these policies.
func (t *telling) activated(set *authz.Set, warnings route.Problems) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.set, t.of = set, map[string]route.Problems{"": warnings}
	t.tell()
}

// refused takes why an activation is refused. OPA then says of which bundle.
func (t *telling) refused(problems route.Problems) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refusal = problems
}

// became takes what OPA says became of a bundle: nothing is wrong, or a message and
// problems made of it. Our own refusal says more than OPA's message of it.
func (t *telling) became(bundle, message string, problems route.Problems) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.refusal != nil && message == (refusal{t.refusal}).Error() {
		problems = t.refusal
	}
	if t.of == nil {
		t.of = map[string]route.Problems{}
	}
	t.of[bundle] = problems
	t.tell()
}

func (t *telling) tell() {
	var problems route.Problems
	for _, bundle := range slices.Sorted(maps.Keys(t.of)) {
		problems = append(problems, t.of[bundle]...)
	}
	text := problems.Text()
	if t.ended || t.set == t.toldSet && text == t.told {
		return
	}
	t.told, t.toldSet = text, t.set
	t.changed(t.set, problems)
}

func (t *telling) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
}

// heard takes what became of a download.
func (r *Remote) heard(s bundle.Status) {
	var problems route.Problems
	for _, err := range s.Errors {
		p := route.Problem{Code: route.CodePolicyBroken, Origin: route.Origin{File: s.Name}, Message: err.Error()}
		var failure *ast.Error
		if errors.As(err, &failure) && failure.Location != nil {
			p.Origin = route.Origin{File: failure.Location.File, Line: failure.Location.Row, Column: failure.Location.Col}
			p.Message = failure.Message
		}
		problems = append(problems, p)
	}
	if s.Code != "" && len(problems) == 0 {
		problems = route.Problems{{Code: route.CodeRead, Origin: route.Origin{File: s.Name}, Message: s.Message}}
	}
	r.telling.became(s.Name, s.Message, problems)
}

package bundles

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	opabundle "github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/plugins/bundle"
	"github.com/open-policy-agent/opa/v1/storage"

	"ficus/gateway/authz"
	"ficus/gateway/route"
)

// refusal is why a bundle is not activated. OPA's status report shows it.
type refusal struct{ problems route.Problems }

func (r refusal) Error() string { return r.problems.Text() }

// judge makes a set of what an activation leaves in the store. As long as another
// configured bundle is yet to come there is nothing to judge: bundles may need one another.
func (r *Remote) judge(ctx context.Context, txn storage.Transaction) (accepted func(), err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = r.refuse(broken(fmt.Errorf("compiling panicked: %v", cause)))
		}
	}()
	revisions, err := readRevisions(ctx, r.manager.Store, txn)
	if err != nil {
		return nil, r.refuse(broken(err))
	}
	if len(revisions) == 0 || r.awaits(revisions) {
		return func() {}, nil
	}
	modules, data, err := contents(ctx, r.manager.Store, txn)
	if err != nil {
		return nil, r.refuse(broken(err))
	}
	ctx, cancel := context.WithTimeout(ctx, compileLimit)
	defer cancel()
	set, problems := authz.CompileBundle(ctx, modules, data)
	if !problems.HasErrors() && len(set.Names()) == 0 {
		problems = append(problems, broken(errors.New("no package says allow or decision, so there is no policy"))...)
	}
	if !problems.HasErrors() {
		problems = append(problems, r.accept(set)...)
	}
	if problems.HasErrors() {
		return nil, r.refuse(problems)
	}
	return func() {
		r.active.Store(&active{set, revisions})
		r.telling.activated(set, problems)
	}, nil
}

func (r *Remote) refuse(problems route.Problems) error {
	r.telling.refused(problems)
	return refusal{problems}
}

// awaits reports whether a configured bundle is not in the store yet.
func (r *Remote) awaits(revisions map[string]string) bool {
	plugin := bundle.Lookup(r.manager)
	if plugin == nil {
		return false
	}
	for name := range plugin.Config().Bundles {
		if _, here := revisions[name]; !here {
			return true
		}
	}
	return false
}

// readRevisions returns the revisions of the bundles in the store; one that has none
// counts as "".
func readRevisions(ctx context.Context, store storage.Store, txn storage.Transaction) (map[string]string, error) {
	names, err := opabundle.ReadBundleNamesFromStore(ctx, store, txn)
	if err != nil && !storage.IsNotFound(err) {
		return nil, err
	}
	revisions := map[string]string{}
	for _, name := range names {
		if revisions[name], err = opabundle.ReadBundleRevisionFromStore(ctx, store, txn, name); err != nil && !storage.IsNotFound(err) {
			return nil, err
		}
	}
	return revisions, nil
}

// contents reads the store: the modules in the order of their names, and the data
// without what OPA itself notes there.
func contents(ctx context.Context, store storage.Store, txn storage.Transaction) ([]authz.File, map[string]any, error) {
	names, err := store.ListPolicies(ctx, txn)
	if err != nil {
		return nil, nil, err
	}
	slices.Sort(names)
	files := make([]authz.File, len(names))
	for i, name := range names {
		text, err := store.GetPolicy(ctx, txn, name)
		if err != nil {
			return nil, nil, err
		}
		files[i] = authz.File{Name: name, Data: text}
	}
	value, err := store.Read(ctx, txn, storage.RootPath)
	if err != nil {
		return nil, nil, err
	}
	root, ok := value.(map[string]any)
	if !ok {
		return nil, nil, fmt.Errorf("data is no object but %T", value)
	}
	data := maps.Clone(root)
	if system, ok := data["system"].(map[string]any); ok {
		system = maps.Clone(system)
		delete(system, "bundles")
		delete(system, "bundle")
		data["system"] = system
	}
	return files, data, nil
}

func broken(err error) route.Problems {
	return route.Problems{{Code: route.CodePolicyBroken, Message: err.Error()}}
}

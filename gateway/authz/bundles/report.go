package bundles

import (
	"context"
	"crypto/rand"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/plugins/logs"
	"github.com/open-policy-agent/opa/v1/server"

	"ficus/gateway/authz"
)

// Report hands a decision to OPA's decision log, if the configuration has one. Its
// buffer is bounded (decision_logs.reporting), and what has no room there OPA drops and
// counts; its mask and drop policies, if a bundle has any, are asked first. The error is
// why the decision is not logged.
func (r *Remote) Report(ctx context.Context, e authz.Event) error {
	plugin := logs.Lookup(r.manager)
	if plugin == nil {
		return nil
	}
	input, result := any(inputOf(e.Input)), any(resultOf(e.Decision))
	info := &server.Info{
		DecisionID: e.RequestID, Timestamp: e.Time, Revision: e.Revision, Bundles: r.bundlesOf(e.Revision),
		Path: strings.ReplaceAll(e.Policy, ".", "/"), Input: &input, Results: &result,
		Custom: map[string]any{"cause": string(e.Decision.Cause), "observed": e.Observed, "took_ns": e.Decision.Took.Nanoseconds()},
	}
	if info.DecisionID == "" {
		info.DecisionID = rand.Text()
	}
	if e.Input != nil {
		info.RemoteAddr = e.Input.ClientIP
	}
	// The log locks its policies while it reads the store, and an activation holds the store
	// while it locks them: with the transaction begun before, the order is the same.
	txn, err := r.manager.Store.NewTransaction(ctx)
	if err != nil {
		return err
	}
	defer r.manager.Store.Abort(ctx, txn)
	info.Txn = txn
	return plugin.Log(ctx, info)
}

// bundlesOf returns the bundles that policies of a revision were made of, as far as
// they still decide.
func (r *Remote) bundlesOf(revision string) map[string]server.BundleInfo {
	now := r.active.Load()
	if now.set.ID() != revision {
		return nil
	}
	infos := make(map[string]server.BundleInfo, len(now.revisions))
	for name, revision := range now.revisions {
		infos[name] = server.BundleInfo{Revision: revision}
	}
	return infos
}

// inputOf is the input as it may be kept: without a body, and with headers and claims by
// name only.
func inputOf(in *authz.Input) map[string]any {
	if in == nil {
		return nil
	}
	return map[string]any{
		"method": in.Method, "host": in.Host, "path": in.Path, "client_ip": in.ClientIP,
		"route":   map[string]any{"id": in.Route, "group": in.Group, "stage": in.Stage, "side": in.Side},
		"headers": namesOf(in.Headers), "body_state": string(in.BodyState),
		"principal": map[string]any{
			"anonymous": in.Principal.Anonymous, "id": in.Principal.ID, "source": in.Principal.Source,
			"claims": namesOf(in.Principal.Claims),
		},
	}
}

func resultOf(d authz.Decision) map[string]any {
	result := map[string]any{"allow": d.Allow}
	if d.Status != 0 {
		result["status"] = d.Status
	}
	if d.Reason != "" {
		result["reason"] = d.Reason
	}
	for key, names := range map[string][]any{"headers": namesOf(d.Headers), "claims": namesOf(d.Claims), "obligations": namesOf(d.Obligations)} {
		if len(names) > 0 {
			result[key] = names
		}
	}
	return result
}

// namesOf returns the keys, sorted, as JSON has them.
func namesOf[V any](m map[string]V) []any {
	names := make([]any, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		names = append(names, name)
	}
	return names
}

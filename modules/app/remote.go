package app

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"ficus/gateway/authz"
	"ficus/gateway/authz/bundles"
	"ficus/gateway/guard"
	"ficus/gateway/route"
)

// startRemote begins to load policies from a bundle server, if one is configured.
func (r *runtime) startRemote(logger *slog.Logger) error {
	if r.settings.opaConfig == "" {
		return nil
	}
	text, err := os.ReadFile(r.settings.opaConfig)
	if err != nil {
		return fmt.Errorf("reading opa_config: %w", err)
	}
	r.remote, err = bundles.Start(r.stopped, bundles.Config{
		Text: text, Logger: logger, Accept: r.tables.Accepts,
		Changed: func(set *authz.Set, problems route.Problems) {
			guard.LogProblems(logger, problems)
			r.metrics.PoliciesLoaded(!problems.HasErrors(), time.Now())
			if problems.HasErrors() {
				r.tables.PoliciesRefused(problems)
			} else {
				r.tables.UsePolicies(set)
			}
		},
	})
	if err != nil {
		return fmt.Errorf("opa_config %s: %w", r.settings.opaConfig, err)
	}
	r.tables.Remote = r.remote.Set
	return nil
}

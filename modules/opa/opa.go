// Package opa is the Caddy handler "opa": Open Policy Agent in front of any handler of
// any site, with or without the rest of Ficus.
package opa

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"ficus/gateway/authz"
	"ficus/gateway/guard"
	"ficus/modules/internal/refusal"
)

func init() {
	caddy.RegisterModule(Handler{})
}

// Handler lets a request pass if a policy in Rego allows it. The policy is evaluated in
// this process, in microseconds, and fails closed: what is undefined, of the wrong type,
// failing, late or missing denies, with 403 or 503 and no detail but a request id. The
// reason is in the log.
//
// Policies come from a folder, which is watched, or from an OPA bundle server. Neither a
// broken edit nor a broken bundle replaces policies that work.
//
// Later handlers find the decision in the placeholders {http.vars.opa.allow},
// {http.vars.opa.cause}, {http.vars.opa.reason} and {http.vars.opa.obligations.<name>}.
type Handler struct {
	// Policies is the folder of policies: *.rego, their tests *_test.rego, data.json.
	Policies string `json:"policies,omitempty"`

	// Config is OPA's own configuration file, for bundles, discovery, status and decision
	// logs. Without a folder the policies come from its bundles; with one, it is for the
	// decision log.
	Config string `json:"config,omitempty"`

	// Policy is the name of the policy: its package, such as "shop.cart".
	Policy string `json:"policy,omitempty"`

	// Timeout is the longest that a decision may take. Default: 100ms.
	Timeout caddy.Duration `json:"timeout,omitempty"`

	// Headers are those of the request that the policy gets to see. Default: none.
	Headers []string `json:"headers,omitempty"`

	// Claims are placeholders {http.auth.user.*} of Caddy's authentication that the policy
	// gets to see, without that prefix. Default: none but the id.
	Claims []string `json:"claims,omitempty"`

	// Body is the largest body, in bytes, that the policy gets to see, as JSON. Larger
	// ones, and what is no JSON, are denied. Default: the policy does not see the body.
	Body int `json:"body,omitempty"`

	// Observe has the policy asked and nothing refused. Default: false.
	Observe bool `json:"observe,omitempty"`

	guard   *guard.Guard
	key     source
	release func()
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.opa", New: func() caddy.Module { return new(Handler) }}
}

// Provision takes the policies of these settings, or loads them. Broken policies are no
// error, since the site has to come up: what they guard is refused, and the log says so.
func (h *Handler) Provision(ctx caddy.Context) error {
	if err := h.resolve(); err != nil {
		return err
	}
	log := ctx.Slogger()
	value, _, err := instances.LoadOrNew(h.key, func() (caddy.Destructor, error) { return newInstance(h.key, log) })
	if err != nil {
		return fmt.Errorf("loading policies: %w", err)
	}
	shared := value.(*instance)
	shared.log.Set(log.Handler())
	h.release = shared.needs().Need(h.Policy)
	if !shared.Set().Has(h.Policy) {
		log.Warn("there is no such policy yet: what it guards is refused", "policy", h.Policy, "known", shared.Set().Names())
	}
	h.guard = &guard.Guard{
		Policies: shared, Policy: h.Policy, Timeout: time.Duration(h.Timeout), Headers: h.Headers, Body: h.Body,
		Observe: h.Observe, Recorder: recorder{guard.Log{To: slog.New(shared.log)}, shared}, Now: time.Now,
	}
	return nil
}

// resolve checks the settings and fills in the defaults.
func (h *Handler) resolve() error {
	repl := caddy.NewReplacer()
	h.key = source{policies: repl.ReplaceKnown(h.Policies, ""), config: repl.ReplaceKnown(h.Config, "")}
	switch {
	case h.key == source{}:
		return errors.New("opa needs policies (a folder) or config (OPA's configuration file)")
	case h.Policy == "":
		return errors.New(`opa needs policy, the name of the package that decides, such as "shop.cart"`)
	case h.Timeout < 0 || h.Body < 0:
		return errors.New("opa: timeout and body can't be below 0")
	case h.Timeout == 0:
		h.Timeout = caddy.Duration(authz.DefaultBudget)
	}
	var err error
	if h.key.policies != "" {
		if h.key.policies, err = filepath.Abs(h.key.policies); err != nil {
			return fmt.Errorf("the folder %s: %w", h.Policies, err)
		}
	}
	if h.key.config != "" {
		if h.key.config, err = filepath.Abs(h.key.config); err != nil {
			return fmt.Errorf("the file %s: %w", h.Config, err)
		}
	}
	return nil
}

// Cleanup gives the policies back. The last handler to do so ends them.
func (h *Handler) Cleanup() error {
	if h.release == nil {
		return nil
	}
	h.release()
	_, err := instances.Delete(h.key)
	return err
}

// ServeHTTP asks the policy, and passes the request on or refuses it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	repl, _ := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	id, _ := repl.GetString("http.request.uuid")
	ip, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	d := h.guard.Ask(r, guard.Client{IP: ip, RequestID: id, Principal: h.principal(repl)})
	for name, value := range guard.Vars(d) {
		caddyhttp.SetVar(r.Context(), "opa."+name, value)
	}
	if d.Allow || h.Observe {
		return next.ServeHTTP(w, r)
	}
	refusal.Header(w.Header(), d.Headers, id)
	refusal.Close(w.Header(), r, d.Status)
	return caddyhttp.Error(d.Status, fmt.Errorf("policy %s: %s", h.Policy, d.Cause))
}

// principal is whom Caddy's authentication found.
func (h *Handler) principal(repl *caddy.Replacer) authz.Principal {
	id, _ := repl.GetString("http.auth.user.id")
	if id == "" {
		return authz.Principal{Anonymous: true}
	}
	claims := map[string]any{}
	for _, name := range h.Claims {
		if value, ok := repl.Get("http.auth.user." + name); ok {
			claims[name] = value
		}
	}
	return authz.Principal{ID: id, Source: "caddy", Claims: claims}
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.CleanerUpper          = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)

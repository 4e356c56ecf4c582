package export

import (
	"encoding/json"
	"maps"
	"strings"

	"ficus/gateway/route"
)

// caddyWriter writes Caddy's JSON. Caddy takes the first route that matches, so the
// order of the rules is the meaning of the table.
type caddyWriter struct{ *source }

type caddyRoute struct {
	ID       string       `json:"@id,omitempty"`
	Match    []caddyMatch `json:"match,omitempty"`
	Handle   []any        `json:"handle"`
	Terminal bool         `json:"terminal,omitempty"`
}

type caddyMatch struct {
	Host         []string               `json:"host,omitempty"`
	Method       []string               `json:"method,omitempty"`
	PathRegexp   *caddyRegexp           `json:"path_regexp,omitempty"`
	Header       map[string][]string    `json:"header,omitempty"`
	HeaderRegexp map[string]caddyRegexp `json:"header_regexp,omitempty"`
	Query        map[string][]string    `json:"query,omitempty"`
	VarsRegexp   map[string]caddyRegexp `json:"vars_regexp,omitempty"` // of several, one is enough
	Not          []caddyMatch           `json:"not,omitempty"`
}

type caddyRegexp struct {
	Pattern string `json:"pattern"`
}

type caddySubroute struct {
	Handler string       `json:"handler"` // subroute
	Routes  []caddyRoute `json:"routes"`
}

type caddyProxy struct {
	Handler       string          `json:"handler"` // reverse_proxy
	Transport     map[string]any  `json:"transport"`
	LoadBalancing *caddyBalancing `json:"load_balancing,omitempty"`
	Upstreams     []caddyUpstream `json:"upstreams"`
	FlushInterval int             `json:"flush_interval"`
	Headers       *caddyHeaders   `json:"headers,omitempty"`
}

type caddyUpstream struct {
	Dial string `json:"dial"`
}

type caddyBalancing struct {
	SelectionPolicy caddyPolicy `json:"selection_policy"`
}

type caddyPolicy struct {
	Policy  string `json:"policy"`
	Choose  int    `json:"choose,omitempty"`
	Weights []int  `json:"weights,omitempty"`
}

func (w caddyWriter) write() string {
	w.note(CodePattern, "Caddy resolves dots and runs of slashes (//), and takes %%2F in a path for a slash, before it looks for a route; a path that ends with a dot segment loses its last slash")
	w.note(CodeRewrite, "Caddy adds X-Forwarded-For, -Host and -Proto and Via to requests, and Via to answers, and drops the Server header of backends")
	w.keep(w.obstacle)
	routes := []caddyRoute{{}} // the first is for the findings
	for _, r := range w.rules {
		routes = append(routes, w.route(r))
	}
	w.sort()
	// JSON has no comments. A vars handler that nobody reads says the same to people.
	routes[0].Handle = []any{struct {
		Handler string   `json:"handler"`
		Head    []string `json:"ficus_export"`
	}{"vars", w.head()}}
	type object = map[string]any
	server := struct {
		Listen []string     `json:"listen"`
		HTTPS  object       `json:"automatic_https"`
		Routes []caddyRoute `json:"routes"`
	}{[]string{":8080"}, object{"disable": true}, routes}
	return jsonText(object{"apps": object{"http": object{"servers": object{"ficus": server}}}})
}

func jsonText(value any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(value); err != nil {
		panic("export: " + err.Error()) // CheckBackend has refused a transport that can't be encoded
	}
	return b.String()
}

func (w caddyWriter) route(r *rule) caddyRoute {
	out := caddyRoute{ID: r.ID, Match: w.match(r), Terminal: true}
	switch {
	case !r.splits():
		out.Handle = w.serve(r, r.shares[0])
	case w.oneProxy(r.shares):
		out.Handle = w.serve(r, r.shares...)
	default:
		out.Handle = []any{caddySubroute{"subroute", []caddyRoute{
			{Match: []caddyMatch{diceBelow(r.shares[0].points)}, Handle: w.serve(r, r.shares[0]), Terminal: true},
			{Handle: w.serve(r, r.shares[1]), Terminal: true},
		}}}
	}
	if r.splits() {
		w.lose(r, CodeStickiness, "each request is dealt anew: a client does not stay on its side")
	}
	return out
}

// oneProxy reports whether one reverse_proxy can serve all shares.
func (w caddyWriter) oneProxy(shares []share) bool {
	a, b := shares[0].backend, shares[1].backend
	return alike(shares) && scheme(a) == scheme(b) && jsonText(w.transport(a)) == jsonText(w.transport(b))
}

// serve returns the handlers that send a request to the shares, which change it alike.
func (w caddyWriter) serve(r *rule, shares ...share) []any {
	var handlers []any
	if rewrite := w.rewrite(r, shares[0]); rewrite != nil {
		handlers = append(handlers, rewrite)
	}
	first := shares[0].backend
	proxy := caddyProxy{Handler: "reverse_proxy", Transport: w.transport(first), FlushInterval: -1, Headers: w.headers(r, shares[0])}
	var weights []int
	for i, share := range shares {
		dials := w.dials(share.backend)
		for _, dial := range dials {
			proxy.Upstreams = append(proxy.Upstreams, caddyUpstream{dial})
			weight := share.points
			for j, other := range shares {
				if i != j {
					weight *= len(w.dials(other.backend))
				}
			}
			weights = append(weights, weight)
		}
	}
	switch {
	case len(shares) > 1:
		proxy.LoadBalancing = &caddyBalancing{caddyPolicy{Policy: "weighted_round_robin", Weights: reduced(weights)}}
		for _, share := range shares {
			if len(share.backend.Addresses) > 1 && share.backend.Balance != route.RoundRobin {
				w.loseBackend(share.backend, "balance: beside the other side of a canary route its addresses take turns")
			}
		}
	case len(proxy.Upstreams) > 1 && first.Balance == route.RoundRobin:
		proxy.LoadBalancing = &caddyBalancing{caddyPolicy{Policy: "round_robin"}}
	case len(proxy.Upstreams) > 1:
		proxy.LoadBalancing = &caddyBalancing{caddyPolicy{Policy: "random_choose", Choose: 2}}
	}
	return append(handlers, proxy)
}

// reduced divides all weights by what divides them all.
func reduced(weights []int) []int {
	divisor := 0
	for _, w := range weights {
		for a, b := w, divisor; ; a, b = b, a%b {
			if b == 0 {
				divisor = a
				break
			}
		}
	}
	out := make([]int, len(weights))
	for i, w := range weights {
		out[i] = w / max(1, divisor)
	}
	return out
}

// transport is Caddy's own, as the route file gives it, with what Ficus sets.
func (w caddyWriter) transport(b *route.Backend) map[string]any {
	t := map[string]any{
		"protocol": "http", "compression": false, "expect_continue_timeout": "1s",
		"network_proxy": map[string]any{"from": "none"},
	}
	if b.ConnectTimeout > 0 { // else Caddy's own, which is the same
		t["dial_timeout"] = b.ConnectTimeout.String()
	}
	maps.Copy(t, b.Transport)
	if scheme(b) == "https" && t["tls"] == nil {
		t["tls"] = map[string]any{}
	}
	return t
}

func (w caddyWriter) dials(b *route.Backend) []string {
	var dials []string
	for _, address := range w.addresses(b) {
		dials = append(dials, address.host)
	}
	return dials
}

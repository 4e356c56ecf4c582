package export

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/tools/yamlout"
)

// gatewayWriter writes HTTPRoutes. Which rule wins is fixed by the Gateway API, not by
// us: an exact path, then the longest prefix, then a method, then the most headers, then
// the most parameters. The order of the rules counts last, and for regular expressions
// it depends on the implementation. So the writer compares that order with the table's,
// and says where they differ.
//
// An implementation need not look into the HTTPRoutes of a wildcard, or of no host, when
// those of the host have no match; so each host gets all rules that may apply to it.
type gatewayWriter struct {
	*source
	services *names // of backends
	routes   *names // of hosts
}

func newGatewayWriter(s *source) gatewayWriter {
	return gatewayWriter{source: s, services: newNames(serviceName), routes: newNames(serviceName)}
}

type httpRoute struct {
	APIVersion string        `yaml:"apiVersion"`
	Kind       string        `yaml:"kind"`
	Metadata   metadata      `yaml:"metadata"`
	Spec       httpRouteSpec `yaml:"spec"`
}

type metadata struct {
	Name string `yaml:"name"`
}

type httpRouteSpec struct {
	ParentRefs []metadata      `yaml:"parentRefs"`
	Hostnames  []string        `yaml:"hostnames"`
	Rules      []httpRouteRule `yaml:"rules"`
}

type httpRouteRule struct {
	Comment     string       `yaml:"#"`
	Matches     []httpMatch  `yaml:"matches"`
	Filters     []httpFilter `yaml:"filters"`
	BackendRefs []backendRef `yaml:"backendRefs"`
}

type httpMatch struct {
	Path        *typedValue  `yaml:"path"`
	Method      string       `yaml:"method"`
	Headers     []namedValue `yaml:"headers"`
	QueryParams []namedValue `yaml:"queryParams"`
}

type typedValue struct {
	Type  string `yaml:"type"`
	Value string `yaml:"value"`
}

type namedValue struct {
	Type  string `yaml:"type"`
	Name  string `yaml:"name"`
	Value string `yaml:"value"`
}

type backendRef struct {
	Name    string       `yaml:"name"`
	Port    int          `yaml:"port"`
	Weight  int          `yaml:"weight"`
	Filters []httpFilter `yaml:"filters"`
}

type httpFilter struct {
	Type           string      `yaml:"type"`
	RequestHeader  *headerOps  `yaml:"requestHeaderModifier"`
	ResponseHeader *headerOps  `yaml:"responseHeaderModifier"`
	URLRewrite     *urlRewrite `yaml:"urlRewrite"`
}

type headerOps struct {
	Set    []nameValue `yaml:"set"`
	Remove []string    `yaml:"remove"`
}

type nameValue struct {
	Name  string `yaml:"name"`
	Value string `yaml:"value"`
}

type urlRewrite struct {
	Hostname string        `yaml:"hostname"`
	Path     *pathModifier `yaml:"path"`
}

type pathModifier struct {
	Type               string `yaml:"type"`
	ReplaceFullPath    string `yaml:"replaceFullPath"`
	ReplacePrefixMatch string `yaml:"replacePrefixMatch"`
}

// Limits of an HTTPRoute.
const (
	maxRules    = 16
	gatewayName = "ficus"
)

func (w gatewayWriter) write() string {
	w.note(CodePattern, "implementations differ in how they read %%2F, dots and // in a path")
	w.note(CodeBackend, "backends become Services of the same name, which have to exist; the HTTPRoutes are for a Gateway of the name %s", gatewayName)
	w.loseConnectTimeouts()
	w.keep(w.obstacle)
	var documents []string
	for _, host := range w.hosts() {
		rules := w.scope(host)
		w.checkOrder(rules)
		documents = append(documents, w.httpRoutes(host, rules)...)
	}
	return "---\n" + strings.Join(documents, "---\n")
}

// obstacle says why a rule can't be written, "" where it can.
func (w gatewayWriter) obstacle(r *rule) (Code, string) {
	if method := r.Pattern.Method(); method != "" && !isStandard(method) {
		return CodePattern, "the Gateway API knows no method " + method
	}
	if len(r.when.Cookie) > 1 {
		return CodeConditions, "an HTTPRoute asks for one Cookie header"
	}
	for name := range r.when.Header {
		if strings.EqualFold(name, "Cookie") && len(r.when.Cookie) > 0 || strings.EqualFold(name, "Content-Type") && r.when.ContentType != "" {
			return CodeConditions, "an HTTPRoute asks for one " + name + " header"
		}
	}
	for name := range r.when.Query {
		if !isToken(name) {
			return CodeConditions, fmt.Sprintf("an HTTPRoute can't ask for the parameter %q", name)
		}
	}
	return "", ""
}

func isToken(text string) bool {
	for _, c := range []byte(text) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return text != ""
}

// hosts lists the hosts of the table, and "" for all others.
func (w gatewayWriter) hosts() []string {
	var hosts []string
	for _, r := range w.rules {
		if host := r.Pattern.Host(); !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts // the default is in w.rules, so "" is there, at the end
}

// scope lists the rules that requests to a host may meet, the matcher's favourites
// first, as far as no rule before takes all that is left.
func (w gatewayWriter) scope(host string) []*rule {
	var rules []*rule
	for _, r := range w.rules {
		own := r.Pattern.Host()
		if own != host && own != "" && !(isWildcard(own) && strings.HasSuffix(host, own[1:]) && len(host) > len(own)) {
			continue
		}
		shadowed := slices.ContainsFunc(rules, func(before *rule) bool {
			return before.When == nil && routetable.Covers(withoutHost(before), withoutHost(r))
		})
		if !shadowed {
			rules = append(rules, r)
		}
	}
	return rules
}

// withoutHost is the rule's pattern for any host.
func withoutHost(r *rule) routetable.Pattern { return patternOf(r, r.Pattern.Method()) }

// pathOnly is the rule's pattern for any host and method.
func pathOnly(r *rule) routetable.Pattern { return patternOf(r, "") }

func patternOf(r *rule, method string) routetable.Pattern {
	text := "/"
	if r.ID != route.DefaultID {
		text = r.Pattern.String()
		text = text[strings.IndexByte(text, '/'):]
	}
	if method != "" {
		text = method + " " + text
	}
	p, err := routetable.ParsePattern(text)
	if err != nil {
		panic("export: " + err.Error()) // it is a part of one that was read
	}
	return p
}

// serviceName makes a name of RFC 1035, which Kubernetes wants.
func serviceName(name string) string {
	name = strings.Trim(strings.NewReplacer("_", "-", ".", "-").Replace(name), "-")
	if name == "" || name[0] < 'a' {
		name = "b-" + name
	}
	return name[:min(len(name), 63)]
}

// httpRoutes packs the rules of a host.
func (w gatewayWriter) httpRoutes(host string, rules []*rule) []string {
	var all []httpRouteRule
	for _, r := range rules {
		for _, rule := range w.rulesOf(r, rules) {
			if !slices.ContainsFunc(all, func(before httpRouteRule) bool { return before.Comment == rule.Comment }) {
				all = append(all, rule)
			}
		}
	}
	if len(all) > maxRules {
		w.note(CodeOrder, "the rules of a host fill several HTTPRoutes, of which the oldest, then the first by name, counts more: apply them all at once")
	}
	name := gatewayName + "-" + w.routes.of(strings.Replace(cmpOr(host, "any"), "*", "wildcard", 1))
	var documents []string
	for i, chunk := range slices.Collect(slices.Chunk(all, maxRules)) {
		document := httpRoute{APIVersion: "gateway.networking.k8s.io/v1", Kind: "HTTPRoute", Metadata: metadata{fmt.Sprintf("%s-%03d", name, i+1)}}
		document.Spec = httpRouteSpec{ParentRefs: []metadata{{gatewayName}}, Rules: chunk}
		if host != "" {
			document.Spec.Hostnames = []string{host}
		}
		documents = append(documents, yamlout.Marshal(document))
	}
	return documents
}

// backendRefs divides the requests of a rule. Where the sides change them in different
// ways, each has its own filters.
func (w gatewayWriter) backendRefs(r *rule, m pathMatch) (refs []backendRef, filters []httpFilter) {
	weights := make([]int, len(r.shares))
	for i, s := range r.shares {
		weights[i] = s.points
	}
	for i, s := range r.shares {
		ref := backendRef{Name: w.services.of(s.backend.Name), Port: w.port(s.backend)}
		if r.splits() {
			ref.Weight = reduced(weights)[i]
			w.lose(r, CodeStickiness, "each request is dealt anew: a client does not stay on its side")
		}
		own := w.filters(r, s, m)
		if alike(r.shares) {
			filters = own
		} else {
			ref.Filters = own
			if len(own) > 0 {
				w.note(CodeRewrite, "filters of one backendRef are optional for implementations")
			}
		}
		refs = append(refs, ref)
	}
	return refs, filters
}

// port is the port of a backend's addresses.
func (w gatewayWriter) port(b *route.Backend) int {
	addresses := w.addresses(b)
	_, first, _ := net.SplitHostPort(addresses[0].host)
	for _, a := range addresses {
		if _, port, _ := net.SplitHostPort(a.host); port != first {
			w.loseBackend(b, "its addresses have several ports, and a Service has one: %s", first)
		}
	}
	if addresses[0].scheme == "https" {
		w.loseBackend(b, "it speaks TLS: that needs a BackendTLSPolicy")
	}
	if len(addresses) > 1 {
		w.loseBackend(b, "balance: how its addresses are chosen is up to the implementation")
	}
	if len(b.Transport) > 0 {
		w.loseBackend(b, "its transport (%s) is Caddy's", strings.Join(sortedKeys(b.Transport), ", "))
	}
	port, _ := strconv.Atoi(first)
	return port
}

package export

import (
	"cmp"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"ficus/gateway/tools/export/exporttest"
)

// readHTTPRoutes reads what was written, strictly.
func readHTTPRoutes(t *testing.T, text string) []httpRoute {
	t.Helper()
	var routes []httpRoute
	for document := range strings.SplitSeq(text, "---\n") {
		if !strings.HasPrefix(document, "apiVersion:") {
			continue // what stands above the first
		}
		var route httpRoute
		if err := yaml.UnmarshalWithOptions([]byte(document), &route, yaml.Strict()); err != nil {
			t.Fatalf("%v\n%s", err, document)
		}
		routes = append(routes, route)
	}
	return routes
}

// candidate is a match of a rule that a request meets.
type candidate struct {
	match   httpMatch
	backend string
}

// gatewayOwner decides by the Gateway API's words (HTTPRouteRule.matches and
// HTTPRoute.spec.hostnames): the most specific hostname, then the path, method, headers,
// parameters, and the order. Regular expressions, whose place is left open, stand
// between exact paths and prefixes.
func gatewayOwner(routes []httpRoute, q exporttest.Request) string {
	host, _, _ := strings.Cut(strings.ToLower(q.Host), ":")
	best := -1
	for _, r := range routes {
		best = max(best, hostScore(r.Spec.Hostnames, host))
	}
	var found []candidate
	for _, r := range routes {
		if hostScore(r.Spec.Hostnames, host) != best {
			continue
		}
		for _, rule := range r.Spec.Rules {
			for _, m := range rule.Matches {
				if meets(m, q) {
					found = append(found, candidate{m, rule.BackendRefs[0].Name})
				}
			}
		}
	}
	if len(found) == 0 {
		return "nobody"
	}
	rank := map[string]int{exact: 2, expression: 1, pathPrefix: 0}
	length := func(m httpMatch) int {
		if m.Path.Type == expression {
			return 0
		}
		return len(m.Path.Value)
	}
	slices.SortStableFunc(found, func(a, b candidate) int {
		return cmp.Or(
			cmp.Compare(rank[b.match.Path.Type], rank[a.match.Path.Type]),
			cmp.Compare(length(b.match), length(a.match)),
			cmp.Compare(min(1, len(b.match.Method)), min(1, len(a.match.Method))),
			cmp.Compare(len(b.match.Headers), len(a.match.Headers)),
			cmp.Compare(len(b.match.QueryParams), len(a.match.QueryParams)),
		)
	})
	return found[0].backend
}

// hostScore is 0 for no hostname, more the more specific, and -1 for no match.
func hostScore(hostnames []string, host string) int {
	if len(hostnames) == 0 {
		return 0
	}
	switch name := hostnames[0]; {
	case name == host:
		return 1000
	case name[0] == '*' && strings.HasSuffix(host, name[1:]):
		return len(name)
	}
	return -1
}

func meets(m httpMatch, q exporttest.Request) bool {
	path, query, _ := strings.Cut(q.Target, "?")
	values, _ := url.ParseQuery(query)
	is := func(kind, wanted, value string) bool {
		if kind == expression {
			return regexp.MustCompile("^(?:" + wanted + ")$").MatchString(value)
		}
		return wanted == value
	}
	if m.Method != "" && m.Method != q.Method {
		return false
	}
	if m.Path.Type == pathPrefix {
		prefix := strings.TrimSuffix(m.Path.Value, "/")
		if path != prefix && !strings.HasPrefix(path, prefix+"/") {
			return false
		}
	} else if !is(m.Path.Type, m.Path.Value, path) {
		return false
	}
	for _, h := range m.Headers {
		if sent := q.Header[http.CanonicalHeaderKey(h.Name)]; len(sent) == 0 || !is(h.Type, h.Value, sent[0]) {
			return false
		}
	}
	for _, p := range m.QueryParams {
		if sent := values[p.Name]; len(sent) == 0 || !is(p.Type, p.Value, sent[0]) {
			return false
		}
	}
	return true
}

// HTTPRoutes give a request the owner that the table names, or the export has said that
// this route may lose it.
func TestGatewayOwners(t *testing.T) {
	checked, differ := 0, 0
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 4))
		set, table := exporttest.Table(r, exporttest.Kind{Hosts: seed%3 > 0, Conditions: seed%2 > 0})
		result, err := Write(GatewayAPI, set, table)
		if err != nil {
			t.Fatal(err)
		}
		routes := readHTTPRoutes(t, result.Config)
		checkLimits(t, routes)
		for range 200 {
			q := exporttest.MakeRequest(r, exporttest.Spelling{})
			owner := q.Owner(table)
			got, want := gatewayOwner(routes, q), serviceName(owner.BackendOf(owner.Sides()[0]))
			checked++
			if got == want {
				continue
			}
			differ++
			if !slices.ContainsFunc(result.Lost, func(f Finding) bool {
				return f.Route == owner.ID && (f.Code == CodeOrder || strings.HasPrefix(f.Message, "left out"))
			}) {
				t.Fatalf("seed %d: %s: the Gateway API asks %s, the table says %s (%s)\n%s", seed, q, got, want, owner.Pattern, result.Config)
			}
		}
	}
	t.Logf("%d of %d requests have another owner, as foretold", differ, checked)
	if differ*20 > checked {
		t.Errorf("%d of %d requests have another owner", differ, checked)
	}
}

// checkLimits holds HTTPRoutes against what the API server refuses.
func checkLimits(t *testing.T, routes []httpRoute) {
	t.Helper()
	names := map[string]bool{}
	for _, r := range routes {
		if names[r.Metadata.Name] {
			t.Errorf("the name %s is taken", r.Metadata.Name)
		}
		names[r.Metadata.Name] = true
		if n := len(r.Spec.Rules); n < 1 || n > 16 {
			t.Errorf("%s has %d rules", r.Metadata.Name, n)
		}
		for _, rule := range r.Spec.Rules {
			for _, m := range rule.Matches {
				if m.Path.Type != expression && !validPath.MatchString(m.Path.Value) {
					t.Errorf("the path %q is refused", m.Path.Value)
				}
			}
		}
	}
}

var validPath = regexp.MustCompile(`^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$`)

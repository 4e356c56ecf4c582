package importer

import (
	"fmt"
	"slices"
	"strings"
)

// match narrows a scope by a set of matchers, all of which have to match. It returns no
// scope where one of them can't be said: without it the routes would take too much.
func (c *caddyImporter) match(set *node, outer scope) []scope {
	scopes := []scope{outer}
	for _, name := range set.keys {
		m := set.get(name)
		var next []scope
		for _, s := range scopes {
			narrowed, err := c.narrow(name, m, s)
			if err != nil {
				c.lose(m.place, "a route is left out%s: %v", outer.about(), err)
				return nil
			}
			next = append(next, narrowed...)
		}
		if len(next) > maxBranches {
			c.lose(m.place, "a route is left out%s: its conditions have more than %d ways to go", outer.about(), maxBranches)
			return nil
		}
		scopes = next
	}
	return scopes
}

// narrow applies one matcher.
func (c *caddyImporter) narrow(name string, m *node, s scope) ([]scope, error) {
	switch name {
	case "host":
		return c.narrowHosts(m, s)
	case "method":
		return c.narrowMethods(m, s)
	case "path":
		return c.narrowGlobs(m, s)
	case "path_regexp":
		return c.narrowPathRegexp(m.get("pattern").text(), m, s)
	case "header", "query":
		return c.narrowValues(name, m, s)
	case "header_regexp":
		return narrowHeaderRegexps(m, s)
	case "vars_regexp":
		return narrowVars(m, s)
	case "not":
		return c.narrowNot(m, s)
	case "protocol":
		return nil, fmt.Errorf("the matcher protocol (%s): a table does not see it", m.text())
	}
	return nil, fmt.Errorf("the matcher %s has no counterpart", name)
}

func (c *caddyImporter) narrowHosts(m *node, s scope) ([]scope, error) {
	hosts := m.texts()
	for _, h := range hosts {
		if strings.ContainsAny(h, "{}") || strings.Contains(strings.TrimPrefix(h, "*."), "*") {
			return nil, fmt.Errorf("host %s: a match names hosts, or all below one", h)
		}
		if strings.HasPrefix(h, "*.") {
			c.note(m.place, "host %s: wider: one or more labels, not one alone", h)
		}
	}
	if s.hosts != nil {
		both, _ := meet(s.hosts, hosts, "/") // others get no request here
		if len(both) == 0 {
			return nil, fmt.Errorf("host %s inside of host %s", strings.Join(hosts, ", "), strings.Join(s.hosts, ", "))
		}
		hosts = both
	}
	s.hosts = hosts
	return []scope{s}, nil
}

// narrowMethods: GET takes HEAD along.
func (c *caddyImporter) narrowMethods(m *node, s scope) ([]scope, error) {
	methods := m.texts()
	if slices.Contains(methods, "GET") {
		if !slices.Contains(methods, "HEAD") {
			c.note(m.place, "method GET: wider: HEAD too%s", s.about())
		}
		methods = slices.DeleteFunc(methods, func(m string) bool { return m == "HEAD" })
	}
	if s.methods != nil {
		return nil, fmt.Errorf("method %s inside of method %s", strings.Join(methods, ", "), strings.Join(s.methods, ", "))
	}
	s.methods = methods
	return []scope{s}, nil
}

// narrowNot reads "neither not A nor not B", which is both.
func (c *caddyImporter) narrowNot(m *node, s scope) ([]scope, error) {
	scopes := []scope{s}
	for _, set := range m.items() {
		inner := set.get("not").items()
		if len(set.keys) != 1 || len(inner) != 1 {
			return nil, fmt.Errorf("the matcher not has no counterpart")
		}
		var next []scope
		for _, before := range scopes {
			narrowed := []scope{before}
			for _, name := range inner[0].keys {
				if len(narrowed) != 1 {
					return nil, fmt.Errorf("the matcher not has no counterpart")
				}
				var err error
				if narrowed, err = c.narrow(name, inner[0].get(name), narrowed[0]); err != nil {
					return nil, err
				}
			}
			next = append(next, narrowed...)
		}
		scopes = next
	}
	return scopes, nil
}

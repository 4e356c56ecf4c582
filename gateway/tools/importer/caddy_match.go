package importer

import (
	"fmt"
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
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
		var p paths
		for _, glob := range m.texts() {
			one, err := fromGlob(glob)
			if err != nil {
				return nil, err
			}
			p.add(one)
		}
		return c.narrowPaths(m, s, p)
	case "path_regexp":
		p, err := fromRegexp(m.get("pattern").text())
		if err != nil {
			return nil, fmt.Errorf("path_regexp %s: %w", m.get("pattern").text(), err)
		}
		return c.narrowPaths(m, s, p)
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
		hosts = slices.DeleteFunc(hosts, func(h string) bool { return !slices.Contains(s.hosts, h) })
		if len(hosts) == 0 {
			return nil, fmt.Errorf("host %s inside of host %s", strings.Join(m.texts(), ", "), strings.Join(s.hosts, ", "))
		}
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

// narrowPaths narrows by paths, which inside of others have to lie within those.
func (c *caddyImporter) narrowPaths(m *node, s scope, p paths) ([]scope, error) {
	for _, note := range p.notes {
		c.note(m.place, "%s%s", note, s.about())
	}
	inner := slices.Clone(p.patterns)
	for i := range inner {
		inner[i] = s.stripped + inner[i]
	}
	if s.paths == nil {
		s.paths = inner
		return []scope{s}, nil
	}
	var both []string
	for _, path := range inner {
		if slices.ContainsFunc(s.paths, func(outer string) bool { return covers(outer, path) }) {
			both = append(both, path)
		}
	}
	for _, outer := range s.paths {
		if slices.ContainsFunc(inner, func(path string) bool { return covers(path, outer) }) && !slices.Contains(both, outer) {
			both = append(both, outer)
		}
	}
	if len(both) == 0 {
		return nil, fmt.Errorf("path %s inside of path %s", strings.Join(inner, ", "), strings.Join(s.paths, ", "))
	}
	s.paths = both
	return []scope{s}, nil
}

func covers(a, b string) bool {
	p, err := routetable.ParsePattern(a)
	if err != nil {
		return false
	}
	q, err := routetable.ParsePattern(b)
	return err == nil && routetable.Covers(p, q)
}

// fromGlob turns one of Caddy's path matchers into patterns.
func fromGlob(glob string) (paths, error) {
	stars := strings.Count(glob, "*")
	switch {
	case glob == "*" || glob == "/*":
		return paths{patterns: []string{"/"}}, nil
	case !strings.HasPrefix(glob, "/") || strings.ContainsAny(glob, "{}?[\\"):
		return paths{}, fmt.Errorf("path %s: %w", glob, errNoPattern)
	case stars == 1 && strings.HasSuffix(glob, "/*"):
		return paths{patterns: []string{escapePath(strings.TrimSuffix(glob, "*"))}}, nil
	case stars == 1 && strings.HasSuffix(glob, "*"):
		p := escapePath(strings.TrimSuffix(glob, "*"))
		return paths{patterns: []string{p, p + "/"}, notes: []string{fmt.Sprintf("path %s: narrower: %s and what is below it, not %s-more", glob, p, p)}}, nil
	}
	// Stars inside a path stand for characters of one segment.
	expression := "^" + strings.ReplaceAll(regexp.QuoteMeta(glob), `\*`, "[^/]*") + "$"
	p, err := fromRegexp(strings.ReplaceAll(expression, "/[^/]*/", "/[^/]+/"))
	if err != nil {
		return paths{}, fmt.Errorf("path %s: %w", glob, err)
	}
	return p, nil
}

// narrowValues reads header and query, whose values are like ours but that a star may
// stand at their beginning.
func (c *caddyImporter) narrowValues(what string, m *node, s scope) ([]scope, error) {
	scopes := []scope{s}
	for _, name := range m.keys {
		values := m.get(name).texts()
		if m.get(name).value == nil && len(m.get(name).items()) == 0 {
			if what == "query" || m.get(name).list == nil {
				return nil, fmt.Errorf("%s %s: no condition says that it must be absent", what, name)
			}
			values = []string{"*"}
		}
		var next []scope
		for _, value := range values {
			wanted, err := wantedOf(value)
			if err != nil || what == "query" && strings.HasSuffix(value, "*") && value != "*" {
				return nil, fmt.Errorf("%s %s=%s: a condition looks for a value, a beginning, or any", what, name, value)
			}
			for _, before := range scopes {
				if what == "header" && strings.EqualFold(name, "Content-Type") {
					before.when.ContentType = route.Wanted(strings.ToLower(string(wanted)))
					c.note(m.place, "Content-Type %s: wider: in any case, and with parameters%s", wanted, s.about())
					next = append(next, before)
					continue
				}
				after, err := before.with(what, unescapeCaddy(name), wanted)
				if err != nil {
					return nil, err
				}
				next = append(next, after)
			}
		}
		scopes = next
	}
	return scopes, nil
}

// wantedOf reads a value that may hold escaped braces, and no placeholder.
func wantedOf(value string) (route.Wanted, error) {
	plain := unescapeCaddy(value)
	if strings.Contains(strings.ReplaceAll(value, `\{`, ""), "{") {
		return "", fmt.Errorf("%s holds a placeholder", value)
	}
	var w route.Wanted
	err := w.UnmarshalText([]byte(plain))
	return w, err
}

func unescapeCaddy(text string) string {
	return strings.NewReplacer(`\{`, "{", `\}`, "}").Replace(text)
}

// with returns the scope with one more condition.
func (s scope) with(what, name string, wanted route.Wanted) (scope, error) {
	to := map[string]*map[string]route.Wanted{"header": &s.when.Header, "cookie": &s.when.Cookie, "query": &s.when.Query}[what]
	before, twice := (*to)[name]
	if twice && before != wanted {
		return s, fmt.Errorf("%s %s is looked for twice: %s, %s", what, name, before, wanted)
	}
	added := maps.Clone(*to)
	if added == nil {
		added = map[string]route.Wanted{}
	}
	added[name] = wanted
	*to = added
	return s, nil
}

// narrowHeaderRegexps reads expressions for headers: a beginning, or a whole value.
func narrowHeaderRegexps(m *node, s scope) ([]scope, error) {
	for _, name := range m.keys {
		pattern := m.get(name).get("pattern").text()
		switch {
		case strings.EqualFold(name, "Host"):
			host, ok := strings.CutPrefix(pattern, `(?i)^.+\.`)
			host, ok2 := strings.CutSuffix(host, `\.?(?::[0-9]+)?$`)
			plain := strings.ReplaceAll(host, `\.`, ".")
			if !ok || !ok2 || s.hosts != nil || regexp.QuoteMeta(plain) != host {
				return nil, fmt.Errorf("header_regexp Host %s: a match names hosts, or all below one", pattern)
			}
			s.hosts = []string{"*." + plain}
		case strings.EqualFold(name, "Content-Type"):
			media, err := mediaOf(pattern)
			if err != nil {
				return nil, err
			}
			s.when.ContentType = media
		default:
			wanted, err := wantedOfRegexp(pattern)
			if err != nil {
				return nil, fmt.Errorf("header_regexp %s: %w", name, err)
			}
			if s, err = s.with("header", name, wanted); err != nil {
				return nil, err
			}
		}
	}
	return []scope{s}, nil
}

// mediaOf reads an expression for media types, such as (?i)^application/json(;|$).
func mediaOf(pattern string) (route.Wanted, error) {
	text := strings.TrimPrefix(strings.TrimPrefix(pattern, `(?i)^`), `[ \t]*`)
	exact := false
	for _, end := range []string{`[ \t]*(?:;|$)`, `(;|$)`, `(?:;|$)`, "$"} {
		if rest, ok := strings.CutSuffix(text, end); ok {
			text, exact = rest, true
			break
		}
	}
	plain := strings.NewReplacer(`\.`, ".", `\+`, "+", `\-`, "-").Replace(text)
	if !strings.HasPrefix(pattern, `(?i)^`) || regexp.QuoteMeta(plain) != text {
		return "", fmt.Errorf("header_regexp Content-Type %s: a condition looks for a media type, or a beginning", pattern)
	}
	if !exact {
		plain += "*"
	}
	return route.Wanted(strings.ToLower(plain)), nil
}

// wantedOfRegexp reads ^text$, ^text and a dot, which is any.
func wantedOfRegexp(pattern string) (route.Wanted, error) {
	if pattern == "." {
		return "*", nil
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	parts := []*syntax.Regexp{tree}
	if tree.Op == syntax.OpConcat {
		parts = tree.Sub
	}
	exact := false
	for i, part := range parts {
		switch {
		case i == 0 && part.Op == syntax.OpBeginText:
		case i > 0 && part.Op == syntax.OpLiteral && part.Flags&syntax.FoldCase == 0:
			b.WriteString(string(part.Rune))
		case i > 0 && i == len(parts)-1 && part.Op == syntax.OpEndText:
			exact = true
		default:
			return "", fmt.Errorf("%s: a condition looks for a value, a beginning, or any", pattern)
		}
	}
	value := b.String()
	if !exact {
		value += "*"
	}
	var w route.Wanted
	return w, w.UnmarshalText([]byte(value))
}

// narrowVars reads expressions for placeholders; of several one is enough, which a route
// can't say.
func narrowVars(m *node, s scope) ([]scope, error) {
	var scopes []scope
	for _, key := range m.keys {
		name := strings.Trim(key, "{}")
		cookie, isCookie := strings.CutPrefix(name, "http.request.cookie.")
		parameter, isQuery := strings.CutPrefix(name, "http.request.uri.query.")
		if !isCookie && !isQuery {
			return nil, fmt.Errorf("vars_regexp %s has no counterpart", key)
		}
		wanted, err := wantedOfRegexp(m.get(key).get("pattern").text())
		if err != nil {
			return nil, fmt.Errorf("vars_regexp %s: %w", key, err)
		}
		what, of := "cookie", cookie
		if isQuery {
			what, of = "query", parameter
		}
		after, err := s.with(what, of, wanted)
		if err != nil {
			return nil, err
		}
		scopes = append(scopes, after)
	}
	return scopes, nil
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

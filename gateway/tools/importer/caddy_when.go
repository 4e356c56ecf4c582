package importer

import (
	"fmt"
	"maps"
	"regexp"
	"regexp/syntax"
	"strings"

	"ficus/gateway/route"
)

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

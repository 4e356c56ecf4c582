package importer

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ficus/gateway/routetable"
)

func (c *caddyImporter) narrowGlobs(m *node, s scope) ([]scope, error) {
	var p paths
	for _, glob := range m.texts() {
		one, err := fromGlob(glob)
		if err != nil {
			return nil, err
		}
		p.add(one)
	}
	return c.narrowPaths(m, s, p)
}

func (c *caddyImporter) narrowPathRegexp(pattern string, m *node, s scope) ([]scope, error) {
	p, err := fromRegexp(pattern)
	if err != nil {
		return nil, fmt.Errorf("path_regexp %s: %w", pattern, err)
	}
	return c.narrowPaths(m, s, p)
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
	both, apart := meet(s.paths, inner, "")
	if len(both) == 0 {
		return nil, fmt.Errorf("path %s inside of path %s", strings.Join(inner, ", "), strings.Join(s.paths, ", "))
	}
	if len(apart) > 0 {
		c.lose(m.place, "path %s inside of path %s: no pattern says both", strings.Join(apart, ", "), strings.Join(s.paths, ", "))
	}
	s.paths = both
	return []scope{s}, nil
}

// meet lists what is in both of two lists of hosts or paths: of each pair the one that
// lies within the other. apart is what of inner meets nothing. tail makes patterns of them.
func meet(outer, inner []string, tail string) (both, apart []string) {
	for _, in := range inner {
		met := false
		for _, out := range outer {
			narrower := ""
			switch {
			case covers(out+tail, in+tail):
				narrower = in
			case covers(in+tail, out+tail):
				narrower = out
			default:
				continue
			}
			met = true
			if !slices.Contains(both, narrower) {
				both = append(both, narrower)
			}
		}
		if !met {
			apart = append(apart, in)
		}
	}
	return both, apart
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

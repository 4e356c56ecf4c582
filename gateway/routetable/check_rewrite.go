package routetable

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"ficus/gateway/route"
)

// framing headers are the business of the two connections, not of a route.
var framing = []string{
	"Connection", "Content-Length", "Expect", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
}

// checkRewrite returns what is wrong with the rewrites of one definition.
func checkRewrite(d *route.Definition) route.Problems {
	pattern, err := ParsePattern(d.Match)
	if err != nil {
		return nil // CheckDefinition says so
	}
	var found route.Problems
	for _, side := range route.Sides {
		c := rewriteChecker{d: d, side: side, pattern: pattern}
		c.check(d.Rewrite.Of(side))
		found = append(found, c.found...)
	}
	return found
}

type rewriteChecker struct {
	d       *route.Definition
	side    route.Side
	pattern Pattern
	found   route.Problems
}

func (c *rewriteChecker) report(key, hint, format string, args ...any) {
	p := value(format, args...)
	p.Hint = hint
	c.found = append(c.found, at(c.d, fmt.Sprintf("rewrite.%s.%s", c.side, key), p))
}

func (c *rewriteChecker) check(r *route.SideRewrite) {
	if r.Path != "" {
		if r.StripPrefix != "" || r.AddPrefix != "" {
			c.report("path", "keep one of the two ways", "a path and a prefix exclude each other")
		}
		if _, err := ParseTemplate(r.Path, c.pattern); err != nil {
			c.report("path", "write a path such as /v2/carts/{id}, with names of the match", "%q: %v", r.Path, err)
		}
	}
	for key, prefix := range map[string]string{"strip_prefix": r.StripPrefix, "add_prefix": r.AddPrefix} {
		if prefix == "" {
			continue
		}
		segments, err := parseSegments("/" + strings.TrimPrefix(prefix, "/"))
		if err != nil || prefix[0] != '/' || slices.ContainsFunc(segments, func(s segment) bool { return s.kind != literal }) {
			c.report(key, "write a path of plain segments, without a slash at its end: /shop", "%q is no prefix of a path", prefix)
		} else if key == "strip_prefix" && !hasPrefix(c.pattern.segments, segments) {
			c.report(key, "strip what the match begins with", "%q: the match %q does not begin with it", prefix, c.d.Match)
		}
	}
	c.checkChanges("query", r.Query, func(string) bool { return true })
	c.checkChanges("headers", r.Headers, changeableHeader)
	c.checkChanges("response_headers", r.ResponseHeaders, changeableHeader)
}

func (c *rewriteChecker) checkChanges(key string, changes route.Changes, valid func(name string) bool) {
	for _, name := range slices.Sorted(maps.Keys(changes.Set)) {
		if !valid(name) {
			c.report(key+".set."+name, "", "%q can't be set", name)
		}
		if _, err := ParseText(changes.Set[name], c.pattern); err != nil || !httpguts.ValidHeaderFieldValue(changes.Set[name]) {
			c.report(key+".set."+name, "name a wildcard of the match, or write {{ for a brace", "%q is no value: %v", changes.Set[name], err)
		}
		if slices.Contains(changes.Remove, name) {
			c.report(key+".set."+name, "set removes the values before", "%q is removed as well", name)
		}
	}
	for i, name := range changes.Remove {
		if !valid(name) || strings.EqualFold(name, "Host") {
			c.report(fmt.Sprintf("%s.remove[%d]", key, i), "", "%q can't be removed", name)
		}
	}
}

func changeableHeader(name string) bool {
	return httpguts.ValidHeaderFieldName(name) &&
		!slices.ContainsFunc(framing, func(f string) bool { return strings.EqualFold(f, name) })
}

// hasPrefix reports whether a pattern begins with the literal segments.
func hasPrefix(segments, prefix []segment) bool {
	return len(segments) >= len(prefix) && slices.Equal(segments[:len(prefix)], prefix)
}

package routetable

import (
	"fmt"
	"maps"
	"net/textproto"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"ficus/gateway/route"
)

// framing headers are the business of the two connections, not of a route.
var framing = []string{
	"Connection", "Content-Length", "Expect", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
}

func isFraming(name string) bool {
	return slices.ContainsFunc(framing, func(f string) bool { return strings.EqualFold(f, name) })
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
	c.checkChanges("query", r.Query, false)
	c.checkChanges("headers", r.Headers, true)
	c.checkChanges("response_headers", r.ResponseHeaders, true)
	c.checkHost(r.Headers)
}

func (c *rewriteChecker) checkChanges(key string, changes route.Changes, header bool) {
	first := map[string]string{} // of each name, as written
	for _, name := range slices.Sorted(maps.Keys(changes.Set)) {
		where := key + ".set." + name
		if header && !changeableHeader(name) {
			c.report(where, "", "%q can't be set", name)
		}
		if _, err := ParseText(changes.Set[name], c.pattern); err != nil {
			c.report(where, "name a wildcard of the match, or write {{ for a brace", "%q is no value: %v", changes.Set[name], err)
		} else if !httpguts.ValidHeaderFieldValue(changes.Set[name]) {
			c.report(where, "leave out control characters such as line ends", "%q can't be a value", changes.Set[name])
		}
		if other, taken := first[sameName(name, header)]; taken {
			c.report(where, "names of headers are equal in any case", "%q is set as %q too", name, other)
		}
		first[sameName(name, header)] = name
	}
	for i, name := range changes.Remove {
		if header && (!changeableHeader(name) || strings.EqualFold(name, "Host")) {
			c.report(fmt.Sprintf("%s.remove[%d]", key, i), "", "%q can't be removed", name)
		}
		if set, taken := first[sameName(name, header)]; taken {
			c.report(key+".set."+set, "set removes the values before", "%q is removed as well", set)
		}
	}
}

func sameName(name string, header bool) string {
	if header {
		return textproto.CanonicalMIMEHeaderKey(name)
	}
	return name
}

// checkHost checks the Host that is set, with samples in place of names.
func (c *rewriteChecker) checkHost(changes route.Changes) {
	for name, value := range changes.Set {
		text, err := ParseText(value, c.pattern)
		if err != nil || !strings.EqualFold(name, "Host") {
			continue
		}
		host := text.Fill(c.pattern.Params(ownPath(c.pattern.segments)))
		if !httpguts.ValidHostHeader(host) || checkAddress("http://"+host) != nil {
			c.report("headers.set."+name, "write a name, with a port or without: cart.internal:8080", "%q is no host", value)
		}
	}
}

func changeableHeader(name string) bool {
	return httpguts.ValidHeaderFieldName(name) &&
		!isFraming(name)
}

// hasPrefix reports whether a pattern begins with the literal segments.
func hasPrefix(segments, prefix []segment) bool {
	return len(segments) >= len(prefix) && slices.Equal(segments[:len(prefix)], prefix)
}

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

// notHeaders are headers that have a place of their own, with what to write there,
// or that net/http takes for itself.
var notHeaders = map[string]string{
	"Host":              "write the host into the match: GET shop.example.com/cart",
	"Cookie":            "write the cookie's name and value under cookie",
	"Content-Type":      "write the media type as content_type",
	"Transfer-Encoding": "",
	"Trailer":           "",
}

// checkWhen returns what is wrong with the conditions of one definition.
func checkWhen(d *route.Definition) route.Problems {
	c := whenChecker{d: d}
	c.checkHeaders()
	for _, name := range slices.Sorted(maps.Keys(d.When.Cookie)) {
		if !isToken(name) {
			c.report("cookie."+name, "%q is no name of a cookie", name)
		}
		c.checkValue("cookie."+name, d.When.Cookie[name], isCookieValue)
	}
	for _, name := range slices.Sorted(maps.Keys(d.When.Query)) {
		if name == "" || d.When.Query[name] == "" {
			c.report("query."+name, "a parameter has a name and a value: write \"*\" for any value")
		}
	}
	if media := string(d.When.ContentType); media != "" && media != "*" {
		kind, sub, _ := strings.Cut(media, "/")
		if !isToken(kind) || !isToken(sub) || media != strings.ToLower(media) {
			c.report("content_type", "%q is no media type", media).
				Hint = "write it in lower case and without parameters: application/json, or image/*"
		}
	}
	c.checkGraphQL()
	return c.found
}

type whenChecker struct {
	d     *route.Definition
	found route.Problems
}

// report adds a problem; a hint may be added to it until the next.
func (c *whenChecker) report(key, format string, args ...any) *route.Problem {
	c.found = append(c.found, at(c.d, "when."+key, value(format, args...)))
	return &c.found[len(c.found)-1]
}

func (c *whenChecker) checkHeaders() {
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(c.d.When.Header)) {
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		hint, elsewhere := notHeaders[canonical]
		switch {
		case !isToken(name):
			c.report("header."+name, "%q is no name of a header", name)
		case elsewhere:
			c.report("header."+name, "%s is no header to be asked for here", canonical).Hint = hint
		case seen[canonical]:
			c.report("header."+name, "the header %s stands here twice", canonical)
		}
		seen[canonical] = true
		c.checkValue("header."+name, c.d.When.Header[name], httpguts.ValidHeaderFieldValue)
	}
}

// checkValue: what no request can have is a mistake. Space around a value is not
// part of it.
func (c *whenChecker) checkValue(key string, w route.Wanted, valid func(string) bool) {
	if sample := w.Sample(); w == "" || !valid(sample) || strings.TrimSpace(sample) != sample {
		c.report(key, "%q is no value that it can have", w)
	}
}

func (c *whenChecker) checkGraphQL() {
	g := &c.d.When.GraphQL
	for _, list := range []struct {
		key   string
		names []string
	}{{"operation", g.Operation}, {"fields", g.Fields}, {"persisted", g.Persisted}} {
		if list.names != nil && len(list.names) == 0 {
			c.report("graphql."+list.key, "the list is empty").
				Hint = "name what is wanted, or leave the key out, which wants nothing in particular"
		}
		for i, name := range list.names {
			key := fmt.Sprintf("graphql.%s[%d]", list.key, i)
			switch {
			case name == "", list.key != "persisted" && !isIdentifier(name):
				c.report(key, "%q is no name in GraphQL", name)
			case list.key == "fields" && name == "__typename":
				c.report(key, "__typename is a field of every type, and counts for none").
					Hint = "leave it out: an operation may ask for it beside the fields listed"
			case slices.Contains(list.names[:i], name):
				c.report(key, "%q stands here twice", name)
			}
		}
	}
}

// isToken: names of headers and cookies and both parts of a media type are tokens
// (RFC 9110, 5.6.2).
func isToken(s string) bool { return httpguts.ValidHeaderFieldName(s) }

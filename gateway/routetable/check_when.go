package routetable

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"ficus/gateway/route"
)

// checkWhen returns what is wrong with the conditions of one definition.
func checkWhen(d *route.Definition) route.Problems {
	var found route.Problems
	report := func(key string, p route.Problem) { found = append(found, at(d, "when."+key, p)) }
	for name := range d.When.Header {
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			report("header."+name, value("%q is no name of a header", name))
		case strings.EqualFold(name, "Host"):
			p := value("Host is no header to be asked for here")
			p.Hint = "write the host into the match: GET shop.example.com/cart"
			report("header."+name, p)
		}
	}
	for name := range d.When.Cookie {
		if !httpguts.ValidHeaderFieldName(name) { // both are tokens
			report("cookie."+name, value("%q is no name of a cookie", name))
		}
	}
	if media := string(d.When.ContentType); media != "" {
		if kind, _, ok := strings.Cut(media, "/"); media != "*" && (!ok || kind == "" || strings.ContainsAny(media, "; ")) || media != strings.ToLower(media) {
			p := value("%q is no media type", media)
			p.Hint = "write it in lower case and without parameters: application/json, or image/*"
			report("content_type", p)
		}
	}
	for key, list := range map[string][]string{
		"operation": d.When.GraphQL.Operation, "fields": d.When.GraphQL.Fields, "persisted": d.When.GraphQL.Persisted,
	} {
		for i, name := range list {
			switch {
			case name == "", key != "persisted" && !isIdentifier(name):
				report(fmt.Sprintf("graphql.%s[%d]", key, i), value("%q is no name in GraphQL", name))
			case slices.Contains(list[:i], name):
				report(fmt.Sprintf("graphql.%s[%d]", key, i), value("%q stands here twice", name))
			}
		}
	}
	return found
}

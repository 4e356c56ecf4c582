package export

import (
	"regexp"
	"strings"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// Types of matches.
const (
	exact      = "Exact"
	pathPrefix = "PathPrefix"
	expression = "RegularExpression"
)

// pathMatch is how a rule asks for a path.
type pathMatch struct {
	typedValue
	fixed string // the canonical path, if it is exactly one
}

// pathMatchOf says how to ask for the paths of a rule. Paths are compared as they are
// sent.
func pathMatchOf(r *rule) pathMatch {
	parts := pathOnly(r).Parts()
	value, canonical, asExpression := "", "", "^"
	kind := exact
	for _, p := range parts {
		switch p.Kind {
		case routetable.Literal:
			value += "/" + wire(p.Text)
			canonical += "/" + p.Text
			asExpression += "/" + wireRegexp(p.Text)
		case routetable.Wildcard:
			kind = expression
			asExpression += "/[^/]+"
		case routetable.End:
			value, canonical, asExpression = value+"/", canonical+"/", asExpression+"/"
		case routetable.Rest:
			if kind == exact {
				return pathMatch{typedValue{pathPrefix, cmpOr(value, "/")}, ""}
			}
			asExpression += "/.*"
		}
	}
	if kind == expression {
		return pathMatch{typedValue{expression, asExpression + "$"}, ""}
	}
	return pathMatch{typedValue{exact, value}, canonical}
}

// rulesOf writes a rule for its path. The prefix /a takes the path /a too, which the
// pattern /a/ does not: who owns that gets it by an exact path.
func (w gatewayWriter) rulesOf(r *rule, scope []*rule) []httpRouteRule {
	w.losePattern(r)
	m := pathMatchOf(r)
	out := []httpRouteRule{w.ruleFor(r, m)}
	if m.Type != pathPrefix || m.Value == "/" {
		return out
	}
	parts := pathOnly(r).Parts()
	itself := joined(parts[:len(parts)-1])
	point := pathMatch{typedValue{exact, wire(itself)}, itself}
	owners := ownersOf(itself, scope)
	for i, owner := range owners {
		for _, before := range owners[:i] {
			w.checkPair(before, owner, point, point)
		}
		if own := pathMatchOf(owner); own != point {
			added := w.ruleFor(owner, point)
			added.Comment = owner.ID + " for " + point.Value + ", which the prefix takes too"
			out = append(out, added)
		}
	}
	return out
}

// ownersOf lists the rules that may own a path, up to the first that takes all of it.
func ownersOf(path string, scope []*rule) []*rule {
	point, err := routetable.ParsePattern(wire(path))
	if err != nil {
		return nil // it is a part of a pattern that was read
	}
	var owners []*rule
	for _, r := range scope {
		if !routetable.Covers(pathOnly(r), point) {
			continue
		}
		owners = append(owners, r)
		if r.When == nil && methods(r.Pattern) == nil {
			break
		}
	}
	return owners
}

func (w gatewayWriter) ruleFor(r *rule, m pathMatch) httpRouteRule {
	match := httpMatch{Path: &m.typedValue, Headers: w.headers(r)}
	for _, name := range sortedKeys(r.when.Query) {
		match.QueryParams = append(match.QueryParams, valueMatch(name, r.when.Query[name]))
		w.note(CodeConditions, "which value counts of a header or parameter that comes twice is up to the implementation")
	}
	out := httpRouteRule{Comment: r.title()}
	for _, method := range methods(r.Pattern) {
		match.Method = method
		out.Matches = append(out.Matches, match)
	}
	if out.Matches == nil {
		out.Matches = []httpMatch{match}
	}
	out.BackendRefs, out.Filters = w.backendRefs(r, m)
	return out
}

func isStandard(method string) bool {
	return strings.Contains(" GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH ", " "+method+" ")
}

func (w gatewayWriter) headers(r *rule) []namedValue {
	var headers []namedValue
	for _, name := range sortedKeys(r.when.Header) {
		headers = append(headers, valueMatch(name, r.when.Header[name]))
		w.note(CodeConditions, "which value counts of a header or parameter that comes twice is up to the implementation")
	}
	for _, name := range sortedKeys(r.when.Cookie) {
		value := wantedRegexp(r.when.Cookie[name], regexp.QuoteMeta, `"?[ \t]*(?:;.*)?$`)
		if strings.HasSuffix(string(r.when.Cookie[name]), "*") {
			value += ".*$"
		}
		headers = append(headers, namedValue{expression, "Cookie", `^(?:.*;[ \t]*)?` + regexp.QuoteMeta(name) + `="?` + value})
		w.note(CodeConditions, "of a cookie that comes twice any counts")
	}
	if pattern := mediaRegexp(r.when.ContentType); pattern != "" {
		if strings.HasSuffix(string(r.when.ContentType), "*") {
			pattern += ".*$"
		} else {
			pattern = strings.TrimSuffix(pattern, "(?:;|$)") + "(?:;.*)?$"
		}
		headers = append(headers, namedValue{expression, "Content-Type", pattern})
	}
	return headers
}

// valueMatch asks for a value; an expression has to match the whole of it for some
// implementations, any part for others.
func valueMatch(name string, wanted route.Wanted) namedValue {
	if prefix, any := strings.CutSuffix(string(wanted), "*"); any {
		return namedValue{expression, name, "^" + regexp.QuoteMeta(prefix) + ".*$"}
	}
	return namedValue{exact, name, string(wanted)}
}

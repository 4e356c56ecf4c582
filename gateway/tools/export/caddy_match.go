package export

import (
	"fmt"
	"regexp"
	"strings"

	"ficus/gateway/route"
)

// obstacle says why a rule can't be written, "" where it can.
func (w caddyWriter) obstacle(r *rule) (Code, string) {
	for name, wanted := range r.when.Query {
		if strings.ContainsAny(name, "{}") && strings.HasSuffix(string(wanted), "*") && wanted != "*" {
			return CodeConditions, "Caddy has no placeholder for the parameter " + name
		}
	}
	return "", ""
}

// match returns what Caddy asks of a request.
func (w caddyWriter) match(r *rule) []caddyMatch {
	if r.ID == route.DefaultID {
		return nil
	}
	w.losePattern(r)
	m := caddyMatch{Method: methods(r.Pattern)}
	if host := r.Pattern.Host(); isWildcard(host) {
		m.addHeaderRegexp("Host", "(?i)^"+hostRegexp(host, ".+")+`\.?(?::[0-9]+)?$`)
	} else if host != "" {
		m.Host = []string{host}
		w.note(CodePattern, "Caddy knows no host with a dot at its end")
	}
	groups := map[string]string{}
	for _, name := range namesOf(r) {
		groups[name] = name
	}
	if path := pathRegexp(r.Pattern.Parts(), groups, "$"); path != "" {
		m.PathRegexp = &caddyRegexp{path}
	}
	w.when(r, &m)
	if text := jsonText(m); text == "{}\n" {
		return nil
	}
	return []caddyMatch{m}
}

// when adds the conditions. The language of wanted texts is Caddy's own for headers.
func (w caddyWriter) when(r *rule, m *caddyMatch) {
	for _, name := range sortedKeys(r.when.Header) {
		m.addHeader(name, string(r.when.Header[name]))
		w.note(CodeConditions, "a header that comes twice counts by any of its values, not by the first")
	}
	for _, name := range sortedKeys(r.when.Cookie) {
		pattern := "^" + wantedRegexp(r.when.Cookie[name], regexp.QuoteMeta, "$")
		if pattern == "^" {
			pattern = "." // a cookie that is not sent reads as empty
		}
		m.addVar("http.request.cookie."+name, pattern)
		w.note(CodeConditions, "a cookie's name is compared in any case, and an empty cookie is one that is not sent")
	}
	for _, name := range sortedKeys(r.when.Query) {
		wanted := string(r.when.Query[name])
		switch prefix, any := strings.CutSuffix(wanted, "*"); {
		case !any || prefix == "":
			m.addQuery(name, wanted)
		default:
			m.addVar("http.request.uri.query."+name, "^"+regexp.QuoteMeta(prefix))
		}
		w.note(CodeConditions, "a parameter of the query that comes twice may count by another of its values than the first, and a malformed query has none")
	}
	if pattern := mediaRegexp(r.when.ContentType); pattern != "" {
		m.addHeaderRegexp("Content-Type", pattern)
	}
}

// addVar asks for a placeholder too. Not neither is both.
func (m *caddyMatch) addVar(name, pattern string) {
	added := caddyMatch{VarsRegexp: map[string]caddyRegexp{"{" + name + "}": {pattern}}}
	switch {
	case m.VarsRegexp == nil && m.Not == nil:
		m.VarsRegexp = added.VarsRegexp
		return
	case m.Not == nil:
		m.Not = []caddyMatch{{Not: []caddyMatch{{VarsRegexp: m.VarsRegexp}}}}
		m.VarsRegexp = nil
	}
	m.Not = append(m.Not, caddyMatch{Not: []caddyMatch{added}})
}

func (m *caddyMatch) addHeaderRegexp(name, pattern string) {
	if m.HeaderRegexp == nil {
		m.HeaderRegexp = map[string]caddyRegexp{}
	}
	m.HeaderRegexp[name] = caddyRegexp{pattern}
}

func (m *caddyMatch) addHeader(name, value string) {
	if m.Header == nil {
		m.Header = map[string][]string{}
	}
	m.Header[name] = []string{caddyText(value)}
}

func (m *caddyMatch) addQuery(name, value string) {
	if m.Query == nil {
		m.Query = map[string][]string{}
	}
	m.Query[caddyText(name)] = []string{caddyText(value)}
}

// diceBelow matches that share of requests by the random UUID that Caddy gives each:
// its first 32 bits, as a number, are below a bound.
func diceBelow(points int) caddyMatch {
	bound := fmt.Sprintf("%08x", uint64(points)<<32/allPoints)
	return caddyMatch{VarsRegexp: map[string]caddyRegexp{"{http.request.uuid}": {hexBelow(bound)}}}
}

// hexBelow returns an expression for texts that begin with hexadecimal digits which,
// as many as bound has, are a smaller number than bound.
func hexBelow(bound string) string {
	var branches []string
	for i, c := range bound {
		switch {
		case c == '0':
		case c == '1':
			branches = append(branches, bound[:i]+"0")
		case c <= 'a':
			branches = append(branches, fmt.Sprintf("%s[0-%c]", bound[:i], '0'+min(c-'0', 10)-1))
		default:
			branches = append(branches, fmt.Sprintf("%s[0-9a-%c]", bound[:i], c-1))
		}
	}
	return "^(?:" + strings.Join(branches, "|") + ")"
}

var caddyBraces = strings.NewReplacer("{", `\{`, "}", `\}`)

// caddyText writes a text where Caddy looks for placeholders.
func caddyText(text string) string { return caddyBraces.Replace(text) }

package export

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"ficus/gateway/route"
)

// eskipWriter writes routes of Skipper. Skipper looks at paths (Path, PathSubtree)
// before it looks at hosts, so these routes ask for the path by an expression, and
// Weight puts them in the order of the rules.
type eskipWriter struct{ *source }

// weightStep is more than any number of predicates, which Skipper adds to a weight.
const weightStep = 1000

func (w eskipWriter) write() string {
	w.note(CodePattern, "Skipper resolves dots and runs of slashes (//), and takes %%2F in a path for a slash, before it looks for a route")
	w.note(CodePattern, "Skipper tries the routes one after the other, by their weight: a large table costs time with each request")
	w.note(CodeRewrite, "what Skipper adds to requests (X-Forwarded-For and so on) is set by its flags")
	w.loseConnectTimeouts()
	var b strings.Builder
	ids := newNames(func(id string) string { return strings.NewReplacer("-", "_", ".", "_").Replace(id) })
	for i, r := range w.rules {
		weight := (len(w.rules) - i - 1) * weightStep
		from := 0
		for _, s := range r.shares {
			id := r.ID
			if r.splits() {
				id += "-" + s.side.String()
			}
			predicates := w.predicates(r, weight)
			if r.splits() {
				predicates = append(predicates, fmt.Sprintf("TrafficSegment(%s, %s)", fraction(from), fraction(from+s.points)))
				w.lose(r, CodeStickiness, "each request is dealt anew: a client does not stay on its side")
			}
			from += s.points
			fmt.Fprintf(&b, "\n// %s\n%s:\n  %s\n", oneLine(r.title()), ids.of("r_"+id), strings.Join(predicates, "\n  && "))
			for _, filter := range w.filters(r, s) {
				b.WriteString("  -> " + filter + "\n")
			}
			b.WriteString("  -> " + w.backendOf(s.backend) + ";\n")
		}
	}
	return b.String()
}

// fraction writes hundredths of a percent as a part of 1, as Skipper reads numbers.
func fraction(points int) string { return strconv.FormatFloat(float64(points)/allPoints, 'f', -1, 64) }

func (w eskipWriter) predicates(r *rule, weight int) []string {
	if r.ID == route.DefaultID {
		return []string{"*"}
	}
	w.losePattern(r)
	predicates := []string{fmt.Sprintf("Weight(%d)", weight)}
	add := func(name string, arguments ...string) { predicates = append(predicates, call(name, arguments...)) }
	if host := r.Pattern.Host(); host != "" {
		add("Host", "(?i)^"+hostRegexp(host, ".+")+`\.?(?::[0-9]+)?$`)
	}
	if m := methods(r.Pattern); len(m) > 1 {
		add("Methods", m...)
	} else if m != nil {
		add("Method", m...)
	}
	if path := pathRegexp(r.Pattern.Parts(), nil, "$"); path != "" {
		add("PathRegexp", path)
	}
	for _, name := range sortedKeys(r.when.Header) {
		add("HeaderRegexp", name, "^"+wantedRegexp(r.when.Header[name], regexp.QuoteMeta, "$"))
		w.note(CodeConditions, "a header that comes twice counts by any of its values, not by the first")
	}
	for _, name := range sortedKeys(r.when.Cookie) {
		add("Cookie", name, "^"+wantedRegexp(r.when.Cookie[name], regexp.QuoteMeta, "$"))
	}
	for _, name := range sortedKeys(r.when.Query) {
		add("QueryParam", name, "^"+wantedRegexp(r.when.Query[name], regexp.QuoteMeta, "$"))
		w.note(CodeConditions, "a parameter of the query that comes twice counts by any of its values, not by the first")
	}
	if expression := mediaRegexp(r.when.ContentType); expression != "" {
		add("HeaderRegexp", "Content-Type", expression)
	}
	return predicates
}

// call writes a predicate or filter with texts.
func call(name string, arguments ...string) string {
	quoted := make([]string, len(arguments))
	for i, a := range arguments {
		quoted[i] = eskipQuote(a)
	}
	return name + "(" + strings.Join(quoted, ", ") + ")"
}

var eskipEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

func eskipQuote(text string) string { return `"` + eskipEscapes.Replace(text) + `"` }

// backendOf writes where a route leads.
func (w eskipWriter) backendOf(b *route.Backend) string {
	if len(b.Transport) > 0 {
		w.loseBackend(b, "its transport (%s) is Caddy's", strings.Join(sortedKeys(b.Transport), ", "))
	}
	var addresses []string
	for _, a := range w.addresses(b) {
		addresses = append(addresses, eskipQuote(a.scheme+"://"+a.host))
	}
	if len(addresses) == 1 {
		return addresses[0]
	}
	algorithm := "powerOfRandomNChoices"
	if b.Balance == route.RoundRobin {
		algorithm = "roundRobin"
	}
	return "<" + algorithm + ", " + strings.Join(addresses, ", ") + ">"
}

// filters change requests and answers.
func (w eskipWriter) filters(r *rule, s share) []string {
	filters := []string{call("preserveHost", "true")}
	add := func(name string, arguments ...string) { filters = append(filters, call(name, arguments...)) }
	if c := changeOf(r.Pattern, s.rewrite); c != nil {
		replace := c.replacement(
			func(literal string) string { return strings.ReplaceAll(decoded(literal), "$", "$$") },
			func(n int) string { return "${" + strconv.Itoa(n) + "}" },
		)
		add("modPath", c.findRegexp(decodedRegexp, "$"), replace)
		w.note(CodeRewrite, "Skipper escapes a rewritten path anew")
	}
	change := func(changes route.Changes, set, drop string) {
		for _, name := range changes.Remove {
			add(drop, name)
		}
		for _, name := range sortedKeys(changes.Set) {
			text := textOf(r, changes.Set[name])
			value := text.Fill(nil)
			if len(text.Names()) > 0 || strings.Contains(value, "${") || strings.Contains(name, "${") {
				w.lose(r, CodeRewrite, "%s is not set: Skipper does not know what a wildcard took, and reads ${ as a place for it", name)
				continue
			}
			add(set, name, value)
		}
	}
	if !s.rewrite.Query.IsZero() {
		w.note(CodeRewrite, "where a route changes the query, its parameters go out sorted and encoded anew")
	}
	change(s.rewrite.Query, "setQuery", "dropQuery")
	change(s.rewrite.Headers, "setRequestHeader", "dropRequestHeader")
	change(s.rewrite.ResponseHeaders, "setResponseHeader", "dropResponseHeader")
	return append(filters, w.mapBack(r, s)...)
}

// mapBack makes URLs of the backend's own paths of the client's: Skipper can't put the
// client's host there, and needs not.
func (w eskipWriter) mapBack(r *rule, s share) []string {
	p := w.backPrefixes(r, s)
	var filters []string
	for _, part := range s.rewrite.MapBack {
		if part != route.MapLocation {
			w.lose(r, CodeMapBack, "%s is not mapped back", part)
			continue
		}
		w.lose(r, CodeMapBack, "Location and Content-Location are mapped back, to a path without host; Refresh is not")
		for _, name := range []string{"Location", "Content-Location"} {
			for _, c := range p.urls(w.addresses(s.backend), restOfValue) {
				if p.outer == "" {
					c.find = strings.Replace(c.find, ".*)?$", ".*)$", 1) // no URL is empty
				}
				filters = append(filters, call("modResponseHeader", name, "^"+c.find, strings.ReplaceAll(c.path, "$", "$$")+"${1}"))
			}
		}
	}
	return filters
}

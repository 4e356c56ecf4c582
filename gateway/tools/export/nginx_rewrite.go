package export

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"ficus/gateway/route"
)

// rewrite returns the directives of a location that change requests and answers.
func (w *nginxWriter) rewrite(r *rule, s share) []string {
	var lines []string
	if c := changeOf(r.Pattern, s.rewrite); c != nil {
		lines = append(lines, w.path(r, c)...)
	}
	lines = append(lines, w.query(r, s.rewrite.Query)...)
	lines = append(lines, w.headers(r, s.rewrite.Headers)...)
	for _, name := range s.rewrite.ResponseHeaders.Remove {
		lines = append(lines, "proxy_hide_header "+name)
	}
	for _, name := range sortedKeys(s.rewrite.ResponseHeaders.Set) {
		lines = append(lines, "proxy_hide_header "+name,
			fmt.Sprintf("add_header %s %s always", name, w.value(r, s.rewrite.ResponseHeaders.Set[name])))
	}
	return append(lines, w.mapBack(r, s)...)
}

// path returns the directive that rewrites the path: the whole of it, so that what
// follows a prefix is taken along.
func (w *nginxWriter) path(r *rule, c *pathChange) []string {
	text := func(literal string) string { return w.literal(decoded(literal)) }
	replace := c.replacement(text, func(n int) string { return "$" + strconv.Itoa(n) })
	if strings.Contains(replace, "?") {
		w.lose(r, CodeRewrite, "the path is not rewritten: nginx can't write a question mark in it")
		return nil
	}
	find := c.findRegexp(decodedRegexp, `\z`)
	if c.prefix {
		find, replace = c.findRegexp(decodedRegexp, "")+"((?s:.*))", replace+"$1"
	}
	w.note(CodeRewrite, "nginx escapes a rewritten path anew")
	return []string{fmt.Sprintf("rewrite %s %s break", nginxQuote(find), nginxQuote(replace))}
}

// query returns a directive that sets the query, whose value goes through a map for
// each parameter that is taken out or put in.
func (w *nginxWriter) query(r *rule, changes route.Changes) []string {
	if changes.IsZero() {
		return nil
	}
	w.note(CodeRewrite, "where a route removes or sets a parameter of the query that comes twice, the first of them stays")
	args := "$args"
	for _, name := range append(changes.Remove[:len(changes.Remove):len(changes.Remove)], sortedKeys(changes.Set)...) {
		args = w.without(args, name)
	}
	for _, name := range sortedKeys(changes.Set) {
		text := textOf(r, changes.Set[name])
		if len(text.Names()) > 0 {
			w.lose(r, CodeRewrite, "the parameter %s is not set: nginx does not escape what a wildcard took", name)
			continue
		}
		pair := url.QueryEscape(name) + "=" + url.QueryEscape(text.Fill(nil))
		joined := w.variable("query")
		w.addMap(args, joined, `""`, nginxQuote(pair), "default", nginxQuote(args+"&"+pair))
		args = joined
	}
	return []string{"set $args " + args}
}

// without returns the variable that holds args without a parameter.
func (w *nginxWriter) without(args, name string) string {
	out := w.variable("query")
	parameter := rawRegexp(name) + "(?:=[^&]*)?"
	w.addMap(args, out, "default", args,
		nginxQuote(`~^`+parameter+`\z`), `""`,
		nginxQuote(`~^`+parameter+`&(?<ficus_after>.*)\z`), "$ficus_after",
		nginxQuote(`~^(?<ficus_before>.*)&`+parameter+`(?<ficus_after>&.*)?\z`), "$ficus_before$ficus_after")
	return out
}

// headers returns directives for the request's headers. A location that sets one sets
// all: nginx does not inherit the others.
func (w *nginxWriter) headers(r *rule, changes route.Changes) []string {
	if changes.IsZero() {
		return nil
	}
	own := map[string]string{"Host": "$http_host", "Upgrade": "$http_upgrade", "Connection": "$ficus_connection"}
	for _, name := range sortedKeys(changes.Set) {
		switch value := changes.Set[name]; {
		case !strings.EqualFold(name, "Host"):
			own[name] = w.value(r, value)
		case w.hostIsFixed(r, value):
			own["Host"] = w.value(r, value)
		}
	}
	for _, name := range changes.Remove {
		own[name] = `""`
	}
	var lines []string
	for _, name := range sortedKeys(own) {
		lines = append(lines, fmt.Sprintf("proxy_set_header %s %s", name, own[name]))
	}
	return lines
}

// value writes a value: its names are variables that the map of routes has captured.
func (w *nginxWriter) value(r *rule, value string) string {
	return nginxQuote(textOf(r, value).Write(w.literal, func(name string) string {
		w.note(CodeRewrite, "what a wildcard took goes into a header as it is, not escaped; if it holds control characters, nothing does")
		variable := w.memo("capture "+name, func() string {
			harmless := w.variable("capture")
			taken := "$" + capture(name)
			w.addMap(taken, harmless, "default", taken, nginxQuote(`~[\x00-\x1f\x7f]`), `""`) // a line break would begin another header
			return harmless
		})
		return "${" + strings.TrimPrefix(variable, "$") + "}"
	}))
}

// mapBack takes the backend's address, and a prefix that was changed, back to what the
// client knows.
func (w *nginxWriter) mapBack(r *rule, s share) []string {
	p := w.backPrefixes(r, s)
	addresses := w.addresses(s.backend)
	var lines []string
	for _, part := range s.rewrite.MapBack {
		switch part {
		case route.MapLocation:
			w.lose(r, CodeMapBack, "Location and Refresh are mapped back, Content-Location is not")
			for _, c := range p.urls(addresses, restOfValue) {
				to := w.literal(c.path) + "$1"
				if c.host {
					to = "$scheme://$http_host" + to
				}
				lines = append(lines, fmt.Sprintf("proxy_redirect %s %s", nginxQuote("~^"+c.find), nginxQuote(to)))
			}
		case route.MapLink:
			w.lose(r, CodeMapBack, "Link is not mapped back")
		case route.MapSetCookie:
			w.note(CodeMapBack, "the Domain of a backend's cookie becomes the client's host, where Ficus takes it away")
			for _, a := range addresses {
				lines = append(lines, fmt.Sprintf("proxy_cookie_domain %s $host", nginxQuote(a.name())))
			}
			if p.differ() {
				lines = append(lines, fmt.Sprintf("proxy_cookie_path %s %s",
					nginxQuote("~^"+regexp.QuoteMeta(p.inner)+"(/.*)?$"), nginxQuote(w.literal(p.outer)+"$1")))
			}
		}
	}
	return lines
}

// literal writes a text where nginx looks for variables.
func (w *nginxWriter) literal(text string) string {
	if strings.Contains(text, "$") {
		w.dollar = true
	}
	return strings.ReplaceAll(text, "$", "${ficus_dollar}")
}

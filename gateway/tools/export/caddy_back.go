package export

import (
	"regexp"
	"strings"

	"ficus/gateway/route"
)

// mapBack takes the backend's address, and a prefix that was changed, back to what the
// client knows.
func (w caddyWriter) mapBack(r *rule, s share) map[string][]caddyReplace {
	back := map[string][]caddyReplace{}
	p := w.backPrefixes(r, s)
	addresses := w.addresses(s.backend)
	for _, part := range s.rewrite.MapBack {
		switch part {
		case route.MapLocation:
			back["Location"] = caddyReplaces("(^)", p.urls(addresses, restOfValue))
			back["Content-Location"] = back["Location"]
			back["Refresh"] = caddyReplaces(`(^[^;,]*[;,]\s*(?i:url=)?["']?)`, p.urls(addresses, restOfValue))
		case route.MapLink:
			back["Link"] = caddyReplaces("(<)", p.urls(addresses, restOfLink))
		case route.MapSetCookie:
			back["Set-Cookie"] = caddyCookies(addresses, p)
		}
	}
	if len(back) == 0 {
		return nil
	}
	return back
}

const firstGroup, secondGroup = `$\{1\}`, `$\{2\}`

// caddyReplaces changes URLs behind an expression that is a group.
func caddyReplaces(before string, changes []urlChange) []caddyReplace {
	var replaces []caddyReplace
	for _, c := range changes {
		to := caddyReplacement(c.path)
		if c.host {
			to = "{http.request.scheme}://{http.request.hostport}" + to
		}
		replaces = append(replaces, caddyReplace{before + c.find, firstGroup + to + secondGroup})
	}
	return replaces
}

// caddyReplacement writes a literal in what takes the place of an expression.
func caddyReplacement(text string) string { return caddyText(strings.ReplaceAll(text, "$", "$$")) }

// caddyCookies changes the attributes of Set-Cookie (RFC 6265, 4.1.2): without Domain a
// cookie is for the host that the client knows.
func caddyCookies(addresses []address, p prefixes) []caddyReplace {
	var replaces []caddyReplace
	for _, a := range addresses {
		replaces = append(replaces, caddyReplace{`(?i);\s*domain=\.?` + regexp.QuoteMeta(a.name()) + `\s*(;|$)`, firstGroup})
	}
	if p.differ() {
		replaces = append(replaces, caddyReplace{
			`(?i)(;\s*path=)` + regexp.QuoteMeta(p.inner) + `([/;].*)?$`,
			firstGroup + caddyReplacement(p.outer) + secondGroup,
		})
	}
	return replaces
}

package rewrite

import (
	"net"
	"slices"
	"strings"
)

// link maps the targets of a Link header (RFC 8288, 3) back: what stands in angle
// brackets at the beginning of each link. From where it is malformed it stays.
func (m *mapper) link(value string) string {
	var b strings.Builder
	for rest := value; ; {
		open := len(rest) - len(strings.TrimLeft(rest, " \t,"))
		length := strings.IndexByte(rest[open:], '>')
		if open == len(rest) || rest[open] != '<' || length < 0 {
			return b.String() + rest
		}
		b.WriteString(rest[:open+1] + m.reference(rest[open+1:open+length]))
		rest = rest[open+length:]
		end := linkEnd(rest)
		b.WriteString(rest[:end])
		rest = rest[end:]
	}
}

// linkEnd returns where a link ends whose target ends at the beginning of s: at a
// comma that is not in a quoted string. What follows no target is malformed to its
// end.
func linkEnd(s string) int {
	if after := strings.TrimLeft(s[1:], " \t"); after != "" && after[0] != ';' && after[0] != ',' {
		return len(s)
	}
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '\\' && quoted:
			i++
		case s[i] == ',' && !quoted:
			return i
		}
	}
	return len(s)
}

// refresh maps the reference of a Refresh header back: "5; url=/carts/7", read as
// browsers read it (the HTML standard on http-equiv=refresh).
func (m *mapper) refresh(value string) string {
	i := strings.IndexAny(value, ";,")
	if i < 0 {
		return value
	}
	before := i + 1 + leadingSpace(value[i+1:])
	if rest := value[before:]; len(rest) >= 3 && strings.EqualFold(rest[:3], "url") {
		if equals := 3 + leadingSpace(rest[3:]); equals < len(rest) && rest[equals] == '=' {
			before += equals + 1
			before += leadingSpace(value[before:])
		}
	}
	target := strings.TrimRight(value[before:], " \t")
	if target != "" && (target[0] == '"' || target[0] == '\'') {
		before++
		target, _, _ = strings.Cut(target[1:], target[:1])
	}
	return value[:before] + m.reference(target) + value[before+len(target):]
}

func leadingSpace(s string) int { return len(s) - len(strings.TrimLeft(s, " \t")) }

// cookie maps domain and path of a Set-Cookie header back (RFC 6265, 5.2).
func (m *mapper) cookie(value string) string {
	pair, attributes, _ := strings.Cut(value, ";")
	if attributes == "" {
		return value
	}
	var b strings.Builder
	b.WriteString(pair)
	for attribute := range strings.SplitSeq(attributes, ";") {
		name, text, _ := strings.Cut(attribute, "=")
		text = strings.Trim(text, " \t")
		switch strings.ToLower(strings.Trim(name, " \t")) {
		case "domain":
			if m.isOwnDomain(text) {
				continue
			}
		case "path":
			if path, ok := m.cookiePath(pair, text); ok && path != text {
				attribute = name + "=" + path
			}
		}
		b.WriteString(";" + attribute)
	}
	return b.String()
}

// isOwnDomain reports whether cookies of a domain are the backend's, and would not
// be taken from the host that the client knows.
func (m *mapper) isOwnDomain(domain string) bool {
	domain = strings.TrimPrefix(domain, ".")
	if domain == "" || within(m.seen.Authority, domain) {
		return false
	}
	names := func(o origin) bool { return within(o.host, domain) }
	return names(m.sent) || slices.ContainsFunc(m.own, names)
}

// within reports whether a host is in a domain (RFC 6265, 5.1.3).
func within(host, domain string) bool {
	name, _ := origin{host: host}.split()
	name, domain = strings.ToLower(strings.Trim(name, "[]")), strings.ToLower(strings.Trim(domain, "[]"))
	above, ok := strings.CutSuffix(name, domain)
	return ok && (above == "" || strings.HasSuffix(above, ".") && net.ParseIP(name) == nil)
}

// cookiePath maps the path of a cookie back; ok is false where it stays. The prefix
// __Host- is a promise that the path is "/".
func (m *mapper) cookiePath(pair, path string) (string, bool) {
	const promise = "__Host-"
	name := strings.TrimLeft(pair, " \t")
	if len(name) >= len(promise) && strings.EqualFold(name[:len(promise)], promise) {
		return "", false
	}
	r, ok := parseReference(path)
	if !ok || r.path != path || !strings.HasPrefix(path, "/") {
		return "", false
	}
	return m.back.Cookie(path, m.params)
}

package routetable

import (
	"fmt"
	"strings"
)

// describeConflict explains with examples why two entries are in conflict.
func describeConflict(a, b *Entry) string {
	p, q := a.Pattern, b.Pattern
	pair := fmt.Sprintf("%q%s and %q%s (%s)", p.text, whenText(a.When), q.text, whenText(b.When), b.Origin)
	both, _ := merge(a.When, b.When)
	onlyFirst, onlySecond := exampleOnly(p, q), exampleOnly(q, p)
	if onlyFirst == "" || onlySecond == "" {
		return fmt.Sprintf("%s match the same requests, such as %q%s", pair, exampleBoth(p, q), whenText(both))
	}
	return fmt.Sprintf("%s both match %q%s; only the first matches %q%s, only the second %q%s", pair,
		exampleBoth(p, q), whenText(both), onlyFirst, whenText(a.When), onlySecond, whenText(b.When))
}

func whenText(c *Conditions) string {
	if text := c.String(); text != "" {
		return " with " + text
	}
	return ""
}

// exampleBoth returns a request that matches both of two patterns that overlap.
func exampleBoth(p, q Pattern) string {
	method := p.method
	if r, _ := compareMethods(p.method, q.method); r == general {
		method = q.method
	}
	return exampleRequest(method, p.host, commonPath(p.segments, q.segments))
}

// exampleOnly returns a request that p matches and q, which overlaps with p, does
// not; "" if there is none.
func exampleOnly(p, q Pattern) string {
	if r, _ := compareMethods(p.method, q.method); r == general {
		method := "POST"
		if q.method == "POST" || p.method == "GET" {
			method = "GET"
		}
		return exampleRequest(method, p.host, commonPath(p.segments, q.segments))
	}
	for i, s := range p.segments {
		before := commonPath(p.segments[:i], q.segments[:i])
		switch {
		case s.kind == wildcard && q.segments[i].kind == literal:
			path := before + "/" + otherThan(q.segments[i].text) + ownPath(p.segments[i+1:])
			return exampleRequest(p.method, p.host, path)
		case s.kind == rest && q.segments[i].kind == slashEnd:
			return exampleRequest(p.method, p.host, before+"/"+sample)
		case s.kind == rest && q.segments[i].kind != rest:
			return exampleRequest(p.method, p.host, before+"/")
		case s.kind == rest || q.segments[i].kind == rest:
			return ""
		}
	}
	return ""
}

// sampleTarget returns a request that a pattern matches.
func sampleTarget(p Pattern) (method, host, path string) {
	if host = p.host; strings.HasPrefix(host, ".") {
		host = "www" + host
	}
	return p.method, host, ownPath(p.segments)
}

func exampleRequest(method, host, path string) string {
	if strings.HasPrefix(host, ".") {
		host = "www" + host
	}
	if method != "" {
		method += " "
	}
	return method + host + path
}

// sample stands for a wildcard in examples.
const sample = "7"

func otherThan(text string) string {
	if text == sample {
		return sample + sample
	}
	return sample
}

// commonPath returns a path that matches both of two lists that overlap.
func commonPath(p, q []segment) string {
	var b strings.Builder
	for i := range p {
		switch {
		case p[i].kind == rest:
			return b.String() + ownPath(q[i:])
		case q[i].kind == rest:
			return b.String() + ownPath(p[i:])
		case p[i].kind == literal:
			b.WriteString("/" + p[i].text)
		default:
			b.WriteString(ownPath(q[i : i+1]))
		}
	}
	return b.String()
}

// ownPath returns a path that the segments match.
func ownPath(segments []segment) string {
	var b strings.Builder
	for _, s := range segments {
		switch s.kind {
		case literal:
			b.WriteString("/" + s.text)
		case wildcard:
			b.WriteString("/" + sample)
		default:
			b.WriteString("/")
		}
	}
	return b.String()
}

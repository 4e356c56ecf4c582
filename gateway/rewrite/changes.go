package rewrite

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// changes are [route.Changes] as compiled.
type changes struct {
	set    []assignment // sorted by name
	remove []string
}

type assignment struct {
	name  string
	value routetable.Text
}

func asWritten(name string) string { return name }

func compileChanges(e *routetable.Entry, written route.Changes, key func(string) string) changes {
	var c changes
	for name, text := range written.Set {
		value, err := routetable.ParseText(text, e.Pattern)
		if err != nil {
			unchecked(e, text, err)
		}
		c.set = append(c.set, assignment{key(name), value})
	}
	slices.SortFunc(c.set, func(a, b assignment) int { return cmp.Compare(a.name, b.name) })
	for _, name := range written.Remove {
		c.remove = append(c.remove, key(name))
	}
	return c
}

func (c changes) isZero() bool { return len(c.set) == 0 && len(c.remove) == 0 }

// take returns what a name is set to, nil for nothing, and forgets it.
func (c *changes) take(name string) routetable.Text {
	for i, s := range c.set {
		if s.name == name {
			c.set = slices.Delete(c.set, i, i+1)
			return s.value
		}
	}
	return nil
}

// ofHeader changes a header; the params are escaped.
func (c changes) ofHeader(h http.Header, params map[string]string) {
	for _, name := range c.remove {
		delete(h, name)
	}
	for _, s := range c.set {
		h[s.name] = []string{s.value.Fill(params)}
	}
}

// ofQuery returns the query without the pairs that c names, the others as they were,
// and what it sets behind them; the params are decoded.
func (c changes) ofQuery(raw string, params map[string]string) string {
	var pairs []string
	if raw != "" {
		pairs = slices.DeleteFunc(strings.Split(raw, "&"), c.names)
	}
	for _, s := range c.set {
		pairs = append(pairs, url.QueryEscape(s.name)+"="+url.QueryEscape(s.value.Fill(params)))
	}
	return strings.Join(pairs, "&")
}

func (c changes) names(pair string) bool {
	name := routetable.ParameterName(pair)
	return slices.Contains(c.remove, name) || slices.ContainsFunc(c.set, func(s assignment) bool { return s.name == name })
}

// hostParams escapes all that has a meaning in a Host: a client must not choose
// another host than the route left open, or a port.
func hostParams(params map[string]string) map[string]string {
	safe := make(map[string]string, len(params))
	for name, value := range params {
		var b strings.Builder
		for _, c := range []byte(value) {
			if isHostByte(c) {
				b.WriteByte(c)
			} else {
				fmt.Fprintf(&b, "%%%02X", c)
			}
		}
		safe[name] = b.String()
	}
	return safe
}

func isHostByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_'
}

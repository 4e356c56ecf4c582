package rewrite

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// content is what a wildcard may take, escaped by a client in its own way.
var content = rapid.Custom(func(t *rapid.T) string {
	text := rapid.StringOfN(rapid.SampledFrom([]rune("ab7.;,|%/?#&=+ é\x00\r\n\"'<>\\~@:")), 1, 8, -1).Draw(t, "content")
	if text == "." || text == ".." {
		return "..."
	}
	return text
})

// asSent escapes what must be and some of what need not be.
func asSent(t *rapid.T, text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		plain := strings.IndexByte("ab7.;,&=+'~@:\"<>|\\", c) >= 0
		if plain && rapid.Bool().Draw(t, "plain") {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02x", c)
		}
	}
	return b.String()
}

// changedPath is a match, a rewrite of it that loses nothing, and a path.
type changedPath struct {
	match string
	rule  route.SideRewrite
	raw   string
}

var changedPaths = rapid.Custom(func(t *rapid.T) changedPath {
	var c changedPath
	names := rapid.Permutation([]string{"a", "b", "c"}).Draw(t, "names")[:rapid.IntRange(0, 3).Draw(t, "wildcards")]
	var template []string
	c.match = "/shop"
	c.raw = "/shop"
	for _, name := range names {
		c.match += "/" + name + "/{" + name + "}"
		c.raw += "/" + name + "/" + asSent(t, content.Draw(t, "value"))
		template = append(template, "{"+name+"}")
	}
	template = append(template, "v2", "caf%C3%A9")
	path := "/" + strings.Join(rapid.Permutation(template).Draw(t, "template"), "/")
	switch rapid.IntRange(0, 2).Draw(t, "end") {
	case 1:
		c.match, c.raw, path = c.match+"/{$}", c.raw+"/", path+"/"
	case 2:
		c.match, c.raw, path = c.match+"/{rest...}", c.raw+"/"+asSent(t, content.Draw(t, "first"))+"//"+asSent(t, content.Draw(t, "second")), path+"/{rest...}"
	}
	switch rapid.IntRange(0, 3).Draw(t, "way") {
	case 0:
		c.rule.StripPrefix = "/shop"
	case 1:
		c.rule.AddPrefix = "/v2/x"
	case 2:
		c.rule.StripPrefix, c.rule.AddPrefix = "/shop", "/v2"
	default:
		c.rule.Path = path
	}
	return c
})

// Whatever a rewrite makes of a path is taken back to the path that the client sent.
func TestForwardAndBackIsIdentity(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := changedPaths.Draw(rt, "path")
		asked := ask(rewriterOf(t, moved("it", c.match, mapping(c.rule))), c.raw)
		sent := &http.Request{URL: &url.URL{}, Header: http.Header{}}
		asked.Request(sent, asked.seen)
		seen := sent.URL.EscapedPath()
		if !strings.HasPrefix(seen, "/") || routetable.Canonical(seen) == asked.seen.Path {
			rt.Fatalf("%+v: the backend sees %q", c, seen)
		}
		back := asked.answer("Location", "http://cart.internal"+seen)
		path, ok := strings.CutPrefix(back, "https://shop.example")
		if !ok || routetable.Canonical(path) != asked.seen.Path {
			rt.Fatalf("%+v: the backend sees %q, which goes back to %q, want %q", c, seen, back, asked.seen.Path)
		}
	})
}

// Pairs of a query that are not named stay, byte for byte and in order.
func TestOtherPairsStay(t *testing.T) {
	r := rewriterOf(t, moved("it", "/", route.SideRewrite{
		Query: route.Changes{Set: map[string]string{"set": "1"}, Remove: []string{"removed", "a b"}},
	}))
	named := rapid.SampledFrom([]string{"set=0", "set", "removed=1&removed", "s%65t=x", "a+b", "a%20b=1"})
	other := rapid.StringOfN(rapid.SampledFrom([]rune("ab%+=;?/é7")), 0, 8, -1).Filter(func(s string) bool {
		key, _, _ := strings.Cut(s, "=")
		decoded, _ := url.QueryUnescape(key)
		return decoded != "a b"
	})
	rapid.Check(t, func(rt *rapid.T) {
		var pairs, want []string
		for range rapid.IntRange(0, 6).Draw(rt, "pairs") {
			if rapid.Bool().Draw(rt, "named") {
				pairs = append(pairs, named.Draw(rt, "pair"))
				continue
			}
			pair := other.Draw(rt, "pair")
			pairs, want = append(pairs, pair), append(want, pair)
		}
		raw := strings.Join(pairs, "&")
		out := &http.Request{URL: &url.URL{RawQuery: raw}, Header: http.Header{}}
		r.Request(out, Seen{Path: "/"})
		if raw == "" {
			want = nil // one empty pair and none are the same text
		}
		if got := strings.Split(out.URL.RawQuery, "&"); !slices.Equal(got, append(want, "set=1")) {
			rt.Fatalf("%q becomes %q, want %q before set=1", raw, got, want)
		}
	})
}

package routetable

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"ficus/gateway/route"
)

// A Back leads from the paths that a backend sees back to those that clients know,
// for one side of a route. Its paths are escaped, and without dot segments.
type Back struct {
	client  Pattern   // what clients ask for
	backend []segment // what the side's backend sees of it

	// With prefixes all below the one goes back to below the other, whatever the
	// pattern; canonical.
	prefixes   bool
	strip, add string
}

// BackOf returns the way back of a side, whose rewrite must have been checked.
func BackOf(p Pattern, r *route.SideRewrite) Back {
	b := Back{client: p, backend: p.segments}
	switch {
	case r.Path != "":
		t, _ := ParseTemplate(r.Path, p)
		b.backend = t.segments
		if t.slash {
			b.backend = append(slices.Clone(b.backend), segment{kind: slashEnd})
		}
	case r.ChangesPath():
		b.prefixes, b.strip, b.add = true, Canonical(r.StripPrefix), Canonical(r.AddPrefix)
		before, _ := parseSegments(r.AddPrefix)
		b.backend = append(before, p.segments[strings.Count(b.strip, "/"):]...)
		if len(b.backend) == 0 {
			b.backend = []segment{{kind: slashEnd}}
		}
	}
	return b
}

// Exact returns the client's path for one that the rewrite can have made of it. What
// the backend's path does not tell comes from params, which are those of the request
// ([Pattern.EscapedParams]).
func (b Back) Exact(path string, params map[string]string) (string, bool) {
	taken, ok := take(b.backend, path)
	if !ok {
		return "", false
	}
	return fill(b.client.segments, taken, params)
}

// Path is Exact, and with prefixes takes all other paths back as well.
func (b Back) Path(path string, params map[string]string) (string, bool) {
	if back, ok := b.Exact(path, params); ok || !b.prefixes {
		return back, ok
	}
	return b.swapPrefix(path)
}

// Cookie returns the client's form of the path of a cookie, which stands for all
// that is below it. So a path above what a template makes goes back too: one that
// ends inside what template and pattern end with alike, to the same place of the
// pattern; one above that, to the pattern without that end.
func (b Back) Cookie(path string, params map[string]string) (string, bool) {
	switch {
	case b.prefixes && path == "/" && b.add == "":
		return cmp.Or(Escape(b.strip), "/"), true
	case b.prefixes:
		return b.swapPrefix(path)
	case path == "/":
		return "", false
	}
	if back, ok := b.Exact(path, params); ok {
		return back, true
	}
	above, slash := strings.CutSuffix(path, "/")
	backend, client := withoutEnd(b.backend), withoutEnd(b.client.segments)
	depth, alike := strings.Count(above, "/"), commonEnd(backend, client)
	if depth >= len(backend) {
		return "", false
	}
	taken, ok := take(backend[:depth], above)
	if !ok {
		return "", false
	}
	back, ok := fill(client[:len(client)-min(alike, len(backend)-depth)], taken, params)
	if slash && back != "/" {
		back += "/"
	}
	return back, ok
}

// swapPrefix puts strip where add is.
func (b Back) swapPrefix(path string) (string, bool) {
	end := 0
	for range strings.Count(b.add, "/") {
		i := strings.IndexByte(path[min(end+1, len(path)):], '/')
		if i < 0 {
			end = len(path)
			break
		}
		end += 1 + i
	}
	if Canonical(path[:end]) != b.add {
		return "", false
	}
	return cmp.Or(Escape(b.strip)+path[end:], "/"), true
}

// take matches an escaped path and returns what the names took of it, as it stands;
// a trailing slash takes under the name "".
func take(segments []segment, path string) (map[string]string, bool) {
	taken := map[string]string{}
	for _, s := range segments {
		if path == "" {
			return nil, false
		}
		if s.kind == rest {
			taken[s.text] = path[1:]
			return taken, true
		}
		var text string
		text, path = nextSegment(path)
		switch {
		case s.kind == literal && canonicalSegment(unescape(text)) != s.text,
			s.kind == wildcard && text == "",
			s.kind == slashEnd && text+path != "":
			return nil, false
		case s.kind == wildcard:
			taken[s.text] = text
		}
	}
	return taken, path == ""
}

// fill is the inverse of take. A name that was not taken has the value of params;
// without either there is no path.
func fill(segments []segment, taken, params map[string]string) (string, bool) {
	var b strings.Builder
	for _, s := range segments {
		b.WriteByte('/')
		if s.kind == literal {
			b.WriteString(Escape(s.text))
			continue
		}
		text, ok := taken[s.text]
		if !ok {
			text, ok = params[s.text]
		}
		if !ok && s.text != "" {
			return "", false
		}
		b.WriteString(text)
	}
	return cmp.Or(b.String(), "/"), true
}

// withoutEnd leaves out a trailing slash, of whatever meaning.
func withoutEnd(segments []segment) []segment {
	if n := len(segments); n > 0 && (segments[n-1].kind == slashEnd || segments[n-1] == segment{kind: rest}) {
		return segments[:n-1]
	}
	return segments
}

// commonEnd counts the segments at the end that two lists share.
func commonEnd(a, b []segment) int {
	n := 0
	for n < min(len(a), len(b)) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

// Backs are the ways back from one backend, of all routes that change paths on the
// way there. An answer may name what another route leads to: a cart that was created
// under /v2/carts is read at /v2/carts/7.
type Backs struct {
	hosts hostIndex
	all   []Back
}

// Add adds the way back of a route. It must not be called concurrently.
func (bs *Backs) Add(b Back) {
	if bs.hosts == nil {
		bs.hosts = hostIndex{}
	}
	bs.hosts.insert(&Entry{Index: len(bs.all), Pattern: Pattern{host: b.client.host, segments: b.backend}})
	bs.all = append(bs.all, b)
}

// Exact returns the client's path for one that a route of the host can have made of
// it: the most specific such route, whatever its method and conditions.
func (bs *Backs) Exact(host, path string, params map[string]string) (string, bool) {
	if bs == nil {
		return "", false
	}
	e := bs.hosts.match(&Request{Host: host, Path: Canonical(path)})
	if e == nil {
		return "", false
	}
	return bs.all[e.Index].Exact(path, params)
}

// EscapedParams returns what Params does, each value as it goes over the wire.
func (p Pattern) EscapedParams(path string) map[string]string {
	params := p.Params(path)
	for _, s := range p.segments {
		switch {
		case s.kind == wildcard:
			params[s.text] = url.PathEscape(params[s.text])
		case s.kind == rest && s.text != "":
			params[s.text] = Escape(params[s.text])
		}
	}
	return params
}

// ParameterName returns the decoded name of a "name=value" of a query: one that can't
// be decoded stands for itself.
func ParameterName(pair string) string {
	name, _, _ := strings.Cut(pair, "=")
	if decoded, err := url.QueryUnescape(name); err == nil {
		return decoded
	}
	return name
}

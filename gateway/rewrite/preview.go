package rewrite

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// A Preview is what a backend would get of a request.
type Preview struct {
	Path     string // escaped
	RawQuery string
	Host     string
	Headers  []HeaderChange // sorted by name
}

// A HeaderChange is one header that the backend would get in another way than the
// client sent it.
type HeaderChange struct {
	Name    string `json:"name"`
	Value   string `json:"value,omitempty"`   // what is set
	Removed bool   `json:"removed,omitempty"` // the client sent it, and nothing is set
}

// String writes the change as a header, or says that it is removed.
func (h HeaderChange) String() string {
	if h.Removed {
		return h.Name + " is removed"
	}
	return h.Name + ": " + h.Value
}

// Preview returns what the backend would get of a request that the rewriter's route
// matches. It is what [Rewriter.Request] makes of a synthetic request, so it can't
// differ from what is served; but where the path does not change, it is the canonical
// one, escaped, while a backend gets it as the client wrote it. A nil Rewriter
// changes nothing.
func (r *Rewriter) Preview(asked *routetable.Request) Preview {
	out := &http.Request{
		Method: asked.Method, Host: asked.Host,
		URL:    &url.URL{RawQuery: asked.RawQuery},
		Header: http.Header{},
	}
	maps.Copy(out.Header, asked.Header)
	setPath(out.URL, routetable.Escape(asked.Path))
	if r != nil {
		r.Request(out, Seen{Path: asked.Path, Host: asked.Host})
	}
	return Preview{
		Path: out.URL.EscapedPath(), RawQuery: out.URL.RawQuery, Host: out.Host,
		Headers: headerChanges(asked.Header, out.Header),
	}
}

func headerChanges(before, after http.Header) []HeaderChange {
	if after.Get("User-Agent") == "" {
		delete(after, "User-Agent") // which is how net/http is told to send none
	}
	var found []HeaderChange
	for name, values := range after {
		if !slices.Equal(before[name], values) {
			found = append(found, HeaderChange{Name: name, Value: values[0]})
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			found = append(found, HeaderChange{Name: name, Removed: true})
		}
	}
	slices.SortFunc(found, func(a, b HeaderChange) int { return cmp.Compare(a.Name, b.Name) })
	return found
}

// Describe returns what the rewriter changes, one change each, in the words of a
// route file: "path: /v2/carts/{id}". A nil Rewriter has nothing to say.
func (r *Rewriter) Describe() []string {
	if r == nil {
		return nil
	}
	var lines []string
	for _, p := range []struct{ key, value string }{
		{"path", r.rule.Path}, {"strip_prefix", r.rule.StripPrefix}, {"add_prefix", r.rule.AddPrefix},
	} {
		if p.value != "" {
			lines = append(lines, p.key+": "+p.value)
		}
	}
	lines = append(lines, describe("query", r.rule.Query)...)
	lines = append(lines, describe("headers", r.rule.Headers)...)
	lines = append(lines, describe("response_headers", r.rule.ResponseHeaders)...)
	for _, part := range r.rule.MapBack {
		lines = append(lines, "map_back: "+part.String())
	}
	return lines
}

func describe(key string, c route.Changes) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(c.Set)) {
		lines = append(lines, fmt.Sprintf("%s.set: %s: %s", key, name, c.Set[name]))
	}
	for _, name := range c.Remove {
		lines = append(lines, fmt.Sprintf("%s.remove: %s", key, name))
	}
	return lines
}

package importer

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"ficus/gateway/route"
)

// server is the first server that holds for an operation: the path before all paths, and
// the backend.
func (o *openAPIImporter) server(op operation) (base, target string) {
	servers := o.serversOf(op)
	if len(servers) == 0 {
		return "", ""
	}
	at := o.place(servers[0].Origin, nil, op.path)
	text := servers[0].URL
	for name, variable := range servers[0].Variables {
		if variable != nil {
			text = strings.ReplaceAll(text, "{"+name+"}", variable.Default)
		}
	}
	if len(servers) > 1 {
		o.note(at, "of %d servers the first counts: %s", len(servers), text)
	}
	url, rest, ok := address(text)
	if ok {
		target = o.target(hostOf(url), route.LeastRequests, url)
		text = rest
	}
	base = strings.TrimSuffix(text, "/")
	if base != "" && (!strings.HasPrefix(base, "/") || strings.ContainsAny(base, "{}?#")) {
		o.lose(at, "server %s: neither an address nor a path; its paths are taken from the root", servers[0].URL)
		return "", target
	}
	return base, target
}

// serversOf are those of the operation, else of its path, else of the document.
func (o *openAPIImporter) serversOf(op operation) openapi3.Servers {
	servers := o.doc.Servers
	if len(op.item.Servers) > 0 {
		servers = op.item.Servers
	}
	if op.Servers != nil && len(*op.Servers) > 0 {
		servers = *op.Servers
	}
	return slices.DeleteFunc(slices.Clone(servers), func(s *openapi3.Server) bool { return s == nil })
}

// template turns a templated path into that of a match. A template that is a part of a
// segment takes the whole of it.
func (o *openAPIImporter) template(op operation) (string, error) {
	if !strings.HasPrefix(op.path, "/") || strings.ContainsAny(op.path, "?#") {
		return "", fmt.Errorf("a path begins with / and has no query")
	}
	names := map[string]bool{}
	var b strings.Builder
	segments := strings.Split(op.path[1:], "/")
	for i, segment := range segments {
		b.WriteByte('/')
		open, shut := strings.IndexByte(segment, '{'), strings.LastIndexByte(segment, '}')
		switch {
		case segment == "" && i == len(segments)-1:
			b.WriteString("{$}")
		case open < 0 && shut < 0:
			b.WriteString(literalSegment(segment))
		case open < 0 || shut < open:
			return "", fmt.Errorf("the braces of %q don't match", segment)
		case open == 0 && shut == len(segment)-1 && strings.Count(segment, "{") == 1:
			b.WriteString("{" + freeName(segment[1:shut], names) + "}")
		default:
			name := freeName(templateNames(segment), names)
			o.note(op.place, "%s %s: wider: {%s} takes any segment, where the template wants %s", op.method, op.path, name, segment)
			b.WriteString("{" + name + "}")
		}
	}
	return b.String(), nil
}

// literalSegment escapes what a pattern can't hold and keeps what is escaped already.
func literalSegment(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		text = plain
	}
	return escapeSegment(text)
}

// templateNames joins the names in a segment: "{name}.{ext}" is "name_ext".
func templateNames(segment string) string {
	var names []string
	for piece := range strings.SplitSeq(segment, "{") {
		if name, _, ok := strings.Cut(piece, "}"); ok {
			names = append(names, name)
		}
	}
	return strings.Join(names, "_")
}

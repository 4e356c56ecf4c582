package export

import (
	"strings"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// filters change requests and answers of a side.
func (w gatewayWriter) filters(r *rule, s share, m pathMatch) []httpFilter {
	var filters []httpFilter
	rewrite := urlRewrite{Path: w.path(r, s, m)}
	headers := s.rewrite.Headers
	for name, value := range headers.Set {
		if !strings.EqualFold(name, "Host") {
			continue
		}
		if host, ok := w.fixedText(r, name, value); ok {
			rewrite.Hostname = host
		}
	}
	if rewrite != (urlRewrite{}) {
		filters = append(filters, httpFilter{Type: "URLRewrite", URLRewrite: &rewrite})
	}
	if ops := w.headerOps(r, headers); ops != nil {
		filters = append(filters, httpFilter{Type: "RequestHeaderModifier", RequestHeader: ops})
	}
	if ops := w.headerOps(r, s.rewrite.ResponseHeaders); ops != nil {
		filters = append(filters, httpFilter{Type: "ResponseHeaderModifier", ResponseHeader: ops})
	}
	if !s.rewrite.Query.IsZero() {
		w.lose(r, CodeRewrite, "the Gateway API can't change the query")
	}
	for _, part := range s.rewrite.MapBack {
		w.lose(r, CodeMapBack, "%s is not mapped back", part)
	}
	return filters
}

// fixedText returns a value that names no wildcard.
func (w gatewayWriter) fixedText(r *rule, name, value string) (string, bool) {
	text := textOf(r, value)
	if len(text.Names()) > 0 {
		w.lose(r, CodeRewrite, "%s is not set: the Gateway API does not know what a wildcard took", name)
		return "", false
	}
	return text.Fill(nil), true
}

func (w gatewayWriter) headerOps(r *rule, changes route.Changes) *headerOps {
	ops := headerOps{Remove: changes.Remove}
	for _, name := range sortedKeys(changes.Set) {
		if strings.EqualFold(name, "Host") {
			continue
		}
		if value, ok := w.fixedText(r, name, changes.Set[name]); ok {
			ops.Set = append(ops.Set, nameValue{name, value})
		}
	}
	if len(ops.Set)+len(ops.Remove) == 0 {
		return nil
	}
	return &ops
}

// path replaces the whole path where it is one, and a prefix where the match is one.
func (w gatewayWriter) path(r *rule, s share, m pathMatch) *pathModifier {
	c := changeOf(r.Pattern, s.rewrite)
	switch {
	case c == nil:
		return nil
	case m.fixed != "":
		return &pathModifier{Type: "ReplaceFullPath", ReplaceFullPath: rewritten(r, s, m.fixed)}
	case m.Type == pathPrefix && c.prefix:
		prefix := strings.TrimSuffix(m.Value, "/")
		kept := strings.TrimPrefix(prefix, wire(joined(c.find)))
		return &pathModifier{Type: "ReplacePrefixMatch", ReplacePrefixMatch: cmpOr(wire(c.replace[0].literal)+kept, "/")}
	}
	w.lose(r, CodeRewrite, "the path is not rewritten: the Gateway API replaces a whole path or a prefix")
	return nil
}

// rewritten is what a rewrite makes of a canonical path.
func rewritten(r *rule, s share, path string) string {
	if s.rewrite.Path != "" {
		t, err := routetable.ParseTemplate(s.rewrite.Path, r.Pattern)
		if err != nil {
			return s.rewrite.Path // CheckDefinition has refused it
		}
		return t.Fill(r.Pattern.Params(path))
	}
	c := changeOf(r.Pattern, s.rewrite)
	if !c.prefix {
		return wire(c.replace[0].literal)
	}
	return cmpOr(wire(c.replace[0].literal+strings.TrimPrefix(path, joined(c.find))), "/")
}

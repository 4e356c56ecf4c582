package export

import (
	"strconv"
	"strings"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

type caddyRewrite struct {
	Handler    string         `json:"handler"` // rewrite
	PathRegexp []caddyFind    `json:"path_regexp,omitempty"`
	Query      *caddyQueryOps `json:"query,omitempty"`
}

type caddyFind struct {
	Find    string `json:"find"`
	Replace string `json:"replace"`
}

type caddyQueryOps struct {
	Set    []caddyKeyVal `json:"set,omitempty"`
	Delete []string      `json:"delete,omitempty"`
}

type caddyKeyVal struct {
	Key string `json:"key"`
	Val string `json:"val"`
}

type caddyHeaders struct {
	Request  *caddyHeaderOps `json:"request,omitempty"`
	Response *caddyHeaderOps `json:"response,omitempty"`
}

type caddyHeaderOps struct {
	Set     map[string][]string       `json:"set,omitempty"`
	Delete  []string                  `json:"delete,omitempty"`
	Replace map[string][]caddyReplace `json:"replace,omitempty"`
}

type caddyReplace struct {
	SearchRegexp string `json:"search_regexp"`
	Replace      string `json:"replace"`
}

// rewrite changes path and query; nil where they stay.
func (w caddyWriter) rewrite(r *rule, s share) any {
	out := caddyRewrite{Handler: "rewrite"}
	if c := changeOf(r.Pattern, s.rewrite); c != nil {
		replace := c.replacement(
			func(literal string) string {
				return caddyReplacement(routetable.Escape(literal))
			},
			func(n int) string { return caddyText("${" + strconv.Itoa(n) + "}") },
		)
		out.PathRegexp = []caddyFind{{c.findRegexp(wireRegexp, "$"), replace}}
		w.note(CodeRewrite, "a path in an odd spelling (needless escapes, dots, //) is not rewritten")
	}
	if q := s.rewrite.Query; !q.IsZero() {
		out.Query = &caddyQueryOps{}
		for _, name := range sortedKeys(q.Set) {
			out.Query.Set = append(out.Query.Set, caddyKeyVal{caddyText(name), caddyValue(r, q.Set[name])})
		}
		for _, name := range q.Remove {
			out.Query.Delete = append(out.Query.Delete, caddyText(name))
		}
		w.note(CodeRewrite, "where a route changes the query, its parameters go out sorted and encoded anew")
	}
	if out.PathRegexp == nil && out.Query == nil {
		return nil
	}
	return out
}

// caddyValue writes a value: its names are what path_regexp has captured.
func caddyValue(r *rule, value string) string {
	return textOf(r, value).Write(caddyText, func(name string) string { return "{http.regexp." + name + "}" })
}

func (w caddyWriter) headers(r *rule, s share) *caddyHeaders {
	out := caddyHeaders{Request: w.headerOps(r, s.rewrite.Headers), Response: w.headerOps(r, s.rewrite.ResponseHeaders)}
	if back := w.mapBack(r, s); back != nil {
		if out.Response == nil {
			out.Response = &caddyHeaderOps{}
		}
		out.Response.Replace = back
	}
	if out.Request == nil && out.Response == nil {
		return nil
	}
	return &out
}

func (w caddyWriter) headerOps(r *rule, c route.Changes) *caddyHeaderOps {
	if c.IsZero() {
		return nil
	}
	ops := &caddyHeaderOps{Delete: c.Remove}
	for _, name := range sortedKeys(c.Set) {
		value := c.Set[name]
		if strings.EqualFold(name, "Host") && !w.hostIsFixed(r, value) {
			continue
		}
		if len(textOf(r, value).Names()) > 0 {
			w.note(CodeRewrite, "what a wildcard took goes into a header as it is, not escaped")
		}
		if ops.Set == nil {
			ops.Set = map[string][]string{}
		}
		ops.Set[name] = []string{caddyValue(r, value)}
	}
	return ops
}

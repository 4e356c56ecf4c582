package importer

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"ficus/gateway/route"
)

// Caddy imports a configuration of Caddy in JSON. file names it in places; adapted says
// that it was made of a Caddyfile, so that places are paths inside the JSON. The error
// is one of syntax; all else is listed in the draft.
//
// Caddy takes the first route that matches, and so do candidates of the builder.
func Caddy(file string, config []byte, adapted bool) (Draft, error) {
	if len(config) > maxFile {
		return Draft{}, fmt.Errorf("%s: %w", file, ErrTooLarge)
	}
	root, err := parseJSON(file, config, !adapted)
	if err != nil {
		return Draft{}, err
	}
	c := caddyImporter{newBuilder(file)}
	c.ordered = true
	servers := root.get("apps", "http", "servers")
	if servers == nil {
		c.lose(route.Origin{File: file}, "there is no HTTP server in it")
		return c.finish(), nil
	}
	for _, name := range servers.keys {
		server := servers.get(name)
		c.routes(server.get("routes"), scope{})
		if server.has("errors") {
			c.lose(server.get("errors").place, "server %s: errors: the gateway hands on the backends' own answers", name)
		}
	}
	return c.finish(), nil
}

type caddyImporter struct{ *builder }

// scope is what a request has met on its way to a handler.
type scope struct {
	id       string
	hosts    []string // nil is any
	methods  []string
	paths    []string // of matches
	when     route.Conditions
	stripped string // prefix that was cut off, which paths inside don't have
	rewrite  route.SideRewrite
	answered bool // what follows gets no request
}

// routes follows a list. What a route without matchers does to the path holds for those
// behind it.
func (c *caddyImporter) routes(list *node, s scope) {
	for _, r := range list.items() {
		sets := r.get("match").items()
		if len(sets) == 0 {
			s = c.handlers(r, s.called(r))
			continue
		}
		for _, set := range sets {
			for _, inner := range c.match(set, s.called(r)) {
				after := c.handlers(r, inner)
				if !after.answered && !reflect.DeepEqual(after.rewrite, inner.rewrite) {
					c.lose(r.place, "the path is rewritten%s for the routes behind this one: that is left out", inner.about())
				}
			}
		}
	}
}

// called is the scope with the id of a route, if it has one.
func (s scope) called(r *node) scope {
	s.id = cmp.Or(r.get("@id").text(), s.id)
	return s
}

// silent handlers say nothing about which backend gets a request.
var silent = []string{"vars", "encode", "tracing", "log_append", "map", "request_body", "push", "intercept", "invoke", "copy_response", "metrics"}

// handlers follows a chain of handlers up to the one that answers, and returns what it
// has done to the scope.
func (c *caddyImporter) handlers(r *node, s scope) scope {
	for _, h := range r.get("handle").items() {
		switch name := h.get("handler").text(); {
		case name == "subroute":
			c.routes(h.get("routes"), s)
			if h.has("errors") {
				c.lose(h.get("errors").place, "errors of a subroute: the gateway hands on the backends' own answers")
			}
		case name == "reverse_proxy":
			c.proxy(h, s)
			s.answered = true
		case name == "rewrite":
			c.rewrite(h, &s)
		case name == "headers":
			c.lose(h.place, "headers: say them by the rewrite of the route%s", s.about())
		case name == "static_response", name == "error":
			c.lose(h.place, "%s: Caddy answers it by itself; no route is made of it%s", name, s.about())
			s.answered = true
		case name == "file_server":
			c.lose(h.place, "file_server: Caddy answers it by itself: the backend legacy has to, or be this Caddy%s", s.about())
			c.emit(h, s, "")
			s.answered = true
		case slices.Contains(silent, name):
		default:
			c.lose(h.place, "%s: no part of a route table%s", cmp.Or(name, "a handler without a name"), s.about())
		}
		if s.answered {
			break
		}
	}
	return s
}

// about names the requests of a scope, for a message.
func (s scope) about() string {
	text := strings.Join(append(append(slices.Clone(s.methods), s.hosts...), s.paths...), " ")
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// emit makes a candidate for each method, host and path of a scope.
func (c *caddyImporter) emit(h *node, s scope, target string) {
	for _, host := range orAny(s.hosts) {
		for _, method := range orAny(s.methods) {
			for _, path := range orAny(s.paths) {
				if c.full {
					return
				}
				c.add(&candidate{
					id: s.id, method: method, host: host, path: cmp.Or(path, "/"), when: s.when,
					target: target, rewrite: s.rewrite, place: h.place,
				})
			}
		}
	}
}

func orAny(list []string) []string {
	if len(list) == 0 {
		return []string{""}
	}
	return list
}

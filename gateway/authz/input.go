package authz

import (
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
)

// An Input is what a policy may look at: "input" in Rego, with the keys below.
type Input struct {
	Method   string              // method
	Host     string              // host: lower case, without port
	Path     string              // path: canonical
	Segments []string            // segments: of the path, decoded
	Route    string              // route.id
	Group    string              // route.group
	Stage    string              // route.stage
	Side     string              // route.side: who will serve, legacy or new
	Params   map[string]string   // params: what the match's wildcards took
	ClientIP string              // client_ip
	Headers  map[string][]string // headers: those that the route selects, names in lower case

	Principal Principal // principal

	Body      any       // body: the JSON value; absent unless BodyState is BodyWhole
	BodyState BodyState // body_state
}

// BodyState says what a policy gets to see of a request's body.
type BodyState string

// The states of a body. With any but the first three, a route that asked for it is
// denied whatever the policy says; with the first, one whose policy reads the body: what
// it can't see it must not take for nothing.
const (
	BodyNotAsked  BodyState = ""
	BodyWhole     BodyState = "whole"
	BodyEmpty     BodyState = "empty"     // there is none
	BodyTooLarge  BodyState = "too_large" // larger than the route's max_body
	BodyMalformed BodyState = "malformed" // no JSON
	BodyUnread    BodyState = "unread"    // the client did not send it whole
)

// A Principal is who asks.
type Principal struct {
	Anonymous bool           // anonymous: nobody is logged in
	ID        string         // id: "" for anonymous
	Source    string         // source: who vouches
	Claims    map[string]any // claims: what the token or session says

	Expires time.Time // when the credential does, zero for unknown; no policy sees it
}

// A part is one key of the input: a value, or an object of further parts.
type part struct {
	name string
	key  *ast.Term // its name
	of   func(*Input) (value any, present bool)

	parts   []*part  // of an object, where of is nil
	members []member // what to take of a value that is a map; nil: all of it
}

type member struct {
	name string
	key  *ast.Term
}

// vocabulary is all that an input has. It is never changed.
var vocabulary = []*part{
	text("method", func(in *Input) string { return in.Method }),
	text("host", func(in *Input) string { return in.Host }),
	text("path", func(in *Input) string { return in.Path }),
	value("segments", func(in *Input) (any, bool) { return in.Segments, true }),
	object("route",
		text("id", func(in *Input) string { return in.Route }),
		text("group", func(in *Input) string { return in.Group }),
		text("stage", func(in *Input) string { return in.Stage }),
		text("side", func(in *Input) string { return in.Side }),
	),
	value("params", func(in *Input) (any, bool) { return in.Params, true }),
	text("client_ip", func(in *Input) string { return in.ClientIP }),
	value("headers", func(in *Input) (any, bool) { return in.Headers, true }),
	object("principal",
		value("anonymous", func(in *Input) (any, bool) { return in.Principal.Anonymous, true }),
		text("id", func(in *Input) string { return in.Principal.ID }),
		text("source", func(in *Input) string { return in.Principal.Source }),
		value("claims", func(in *Input) (any, bool) { return in.Principal.Claims, true }),
	),
	value("body", func(in *Input) (any, bool) { return in.Body, in.BodyState == BodyWhole }),
	text("body_state", func(in *Input) string { return string(in.BodyState) }),
}

func value(name string, of func(*Input) (any, bool)) *part {
	return &part{name: name, key: ast.StringTerm(name), of: of}
}

func text(name string, of func(*Input) string) *part {
	return value(name, func(in *Input) (any, bool) { return of(in), true })
}

func object(name string, parts ...*part) *part {
	return &part{name: name, key: ast.StringTerm(name), parts: parts}
}

// build makes an object of an input's parts as OPA holds it, without a detour over JSON.
func build(parts []*part, in *Input) (ast.Object, error) {
	pairs := make([][2]*ast.Term, 0, len(parts))
	for _, p := range parts {
		v, present, err := p.build(in)
		if err != nil {
			return nil, err
		}
		if present {
			pairs = append(pairs, [2]*ast.Term{p.key, ast.NewTerm(v)})
		}
	}
	return ast.NewObject(pairs...), nil
}

func (p *part) build(in *Input) (ast.Value, bool, error) {
	if p.of == nil {
		o, err := build(p.parts, in)
		return o, true, err
	}
	whole, present := p.of(in)
	if !present {
		return nil, false, nil
	}
	if p.members == nil || !isMap(whole) {
		v, err := valueOf(whole)
		return v, true, err
	}
	pairs := make([][2]*ast.Term, 0, len(p.members))
	for _, m := range p.members {
		one, present := m.of(whole)
		if !present {
			continue
		}
		v, err := valueOf(one)
		if err != nil {
			return nil, false, err
		}
		pairs = append(pairs, [2]*ast.Term{m.key, ast.NewTerm(v)})
	}
	return ast.NewObject(pairs...), true, nil
}

func isMap(v any) bool {
	switch v.(type) {
	case map[string]any, map[string]string, map[string][]string:
		return true
	}
	return false
}

// of takes a member out of a map.
func (m member) of(whole any) (v any, present bool) {
	switch whole := whole.(type) {
	case map[string]any:
		v, present = whole[m.name]
	case map[string]string:
		v, present = whole[m.name]
	case map[string][]string:
		v, present = whole[m.name]
	}
	return v, present
}

func valueOf(v any) (ast.Value, error) {
	lists, ok := v.(map[string][]string)
	if !ok {
		return ast.InterfaceToValue(v)
	}
	pairs := make([][2]*ast.Term, 0, len(lists))
	for name, list := range lists {
		v, err := ast.InterfaceToValue(list)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, [2]*ast.Term{ast.StringTerm(name), ast.NewTerm(v)})
	}
	return ast.NewObject(pairs...), nil
}

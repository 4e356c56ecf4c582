package authz

import (
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
// denied whatever the policy says.
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
}

// keys are the terms that every input has in common. They are never changed.
var keys = struct {
	method, host, path, segments, route, params, clientIP, headers, principal *ast.Term
	id, group, stage, side, anonymous, claims, source, body, bodyState        *ast.Term
}{
	method: ast.StringTerm("method"), host: ast.StringTerm("host"), path: ast.StringTerm("path"),
	segments: ast.StringTerm("segments"), route: ast.StringTerm("route"), params: ast.StringTerm("params"),
	clientIP: ast.StringTerm("client_ip"), headers: ast.StringTerm("headers"), principal: ast.StringTerm("principal"),
	id: ast.StringTerm("id"), group: ast.StringTerm("group"), stage: ast.StringTerm("stage"), side: ast.StringTerm("side"),
	anonymous: ast.StringTerm("anonymous"), claims: ast.StringTerm("claims"),
	source: ast.StringTerm("source"), body: ast.StringTerm("body"), bodyState: ast.StringTerm("body_state"),
}

// value builds the input as OPA holds it, without a detour over JSON.
func (in *Input) value() (ast.Value, error) {
	claims, err := ast.InterfaceToValue(in.Principal.Claims)
	if err != nil {
		return nil, err
	}
	if in.Principal.Claims == nil {
		claims = ast.NewObject()
	}
	object := ast.NewObject(
		[2]*ast.Term{keys.method, ast.StringTerm(in.Method)},
		[2]*ast.Term{keys.host, ast.StringTerm(in.Host)},
		[2]*ast.Term{keys.path, ast.StringTerm(in.Path)},
		[2]*ast.Term{keys.segments, listTerm(in.Segments)},
		[2]*ast.Term{keys.route, ast.NewTerm(ast.NewObject(
			[2]*ast.Term{keys.id, ast.StringTerm(in.Route)},
			[2]*ast.Term{keys.group, ast.StringTerm(in.Group)},
			[2]*ast.Term{keys.stage, ast.StringTerm(in.Stage)},
			[2]*ast.Term{keys.side, ast.StringTerm(in.Side)},
		))},
		[2]*ast.Term{keys.params, textsTerm(in.Params)},
		[2]*ast.Term{keys.clientIP, ast.StringTerm(in.ClientIP)},
		[2]*ast.Term{keys.headers, listsTerm(in.Headers)},
		[2]*ast.Term{keys.principal, ast.NewTerm(ast.NewObject(
			[2]*ast.Term{keys.anonymous, ast.BooleanTerm(in.Principal.Anonymous)},
			[2]*ast.Term{keys.id, ast.StringTerm(in.Principal.ID)},
			[2]*ast.Term{keys.source, ast.StringTerm(in.Principal.Source)},
			[2]*ast.Term{keys.claims, ast.NewTerm(claims)},
		))},
		[2]*ast.Term{keys.bodyState, ast.StringTerm(string(in.BodyState))},
	)
	if in.BodyState == BodyWhole {
		body, err := ast.InterfaceToValue(in.Body)
		if err != nil {
			return nil, err
		}
		object.Insert(keys.body, ast.NewTerm(body))
	}
	return object, nil
}

func listTerm(list []string) *ast.Term {
	terms := make([]*ast.Term, len(list))
	for i, s := range list {
		terms[i] = ast.StringTerm(s)
	}
	return ast.NewTerm(ast.NewArray(terms...))
}

func textsTerm(texts map[string]string) *ast.Term {
	object := ast.NewObject()
	for name, text := range texts {
		object.Insert(ast.StringTerm(name), ast.StringTerm(text))
	}
	return ast.NewTerm(object)
}

func listsTerm(lists map[string][]string) *ast.Term {
	object := ast.NewObject()
	for name, list := range lists {
		object.Insert(ast.StringTerm(name), listTerm(list))
	}
	return ast.NewTerm(object)
}

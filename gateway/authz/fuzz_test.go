package authz

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
)

// FuzzRead reads whatever a policy may say: it is allowed by an allow that is true and
// nothing else, and what is refused has a status to answer with.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`true`, `false`, `null`, `"true"`, `{}`, `{"allow": true}`, `{"allow": false, "status": 303, "headers": {"Location": "/login"}}`,
		`{"allow": false, "status": 303, "headers": {"Location": "//x"}}`, `{"allow": true, "claims": {"a": [1]}, "obligations": {"mask": ["path"]}}`,
		`{"allow": false, "status": 1e2, "headers": {"a b": "c"}}`, `{"allow": "true"}`, `{"allow": true, "x": 1}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var said any
		if json.Unmarshal([]byte(text), &said) != nil {
			return
		}
		d := read(said)
		object, _ := said.(map[string]any)
		if said != true && object["allow"] != true && d.Allow {
			t.Fatalf("%s allows", text)
		}
		if d.Allow != (d.Cause == Allowed) || d.Allow != (d.Status == 0) || !d.Allow && (d.Status < 302 || d.Status > 503) {
			t.Fatalf("%s: %+v", text, d)
		}
		for name, value := range d.Headers {
			if http.CanonicalHeaderKey(name) == "Location" && d.Cause != WrongType && !isOwnPath(value) {
				t.Fatalf("%s sends elsewhere", text)
			}
		}
		if diff := cmp.Diff(d, d.copied()); diff != "" {
			t.Fatalf("the copy of %+v is another\n%s", d, diff)
		}
	})
}

// FuzzInput builds inputs of whatever clients send: whole and in parts they say the same,
// no key panics, and a kept decision is the one that is made.
func FuzzInput(f *testing.F) {
	f.Add("GET", "/api/orders/17", "id", "17", `{"role": "customer"}`, `{"a": {"b": "x"}}`)
	f.Add("POST", "/%00\xff", "", "\x00", `{"role": ["admin"], "n": 1e400}`, `[[[[1]]]]`)
	f.Add("", "", "customer", "7", `null`, `"x"`)
	set, problems := Load(f.Context(), os.DirFS("../../routes/policies"), "policies")
	if problems.HasErrors() {
		f.Fatal(problems.Text())
	}
	set = set.Within(time.Minute) // a loaded machine makes nobody late here
	set.policies["body"] = load(f, map[string]string{"body.rego": "package body\n" + winding["deep"].rules + "\n"}).policies["body"]
	f.Fuzz(func(t *testing.T, method, path, name, value, claims, body string) {
		in := &Input{
			Method: method, Path: path, Segments: []string{path, value}, Params: map[string]string{name: value},
			Headers: map[string][]string{name: {value}}, Principal: Principal{ID: value}, BodyState: BodyWhole,
		}
		if json.Unmarshal([]byte(claims), &in.Principal.Claims) != nil || json.Unmarshal([]byte(body), &in.Body) != nil {
			return
		}
		whole, err := build(vocabulary, in)
		if err != nil {
			t.Fatal(err)
		}
		if got := whole.Get(ast.StringTerm("path")); got == nil || got.Value != ast.String(path) {
			t.Fatalf("the path %q became %v", path, got)
		}
		if key, ok := appendKey(nil, vocabulary, in); ok && len(key) > 2*maxKey {
			t.Fatalf("a key of %d bytes", len(key))
		}
		for policy, p := range set.policies {
			projected := set.Decide(context.Background(), policy, in)
			again := set.Decide(context.Background(), policy, in)
			if projected.Allow != again.Allow || projected.Cause != again.Cause || projected.Status != again.Status {
				t.Fatalf("%s: %+v, then %+v", policy, projected, again)
			}
			answer, err := put(p.question, whole)
			if err == nil && answer != nil && readAnswer(answer).Allow != projected.Allow {
				t.Fatalf("%s of %v: %+v", policy, whole, projected)
			}
		}
	})
}

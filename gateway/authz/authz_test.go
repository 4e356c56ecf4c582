package authz

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func load(t testing.TB, files map[string]string) *Set {
	t.Helper()
	set, problems := Load(t.Context(), folder(files), "policies")
	if problems.HasErrors() {
		t.Fatal(problems.Text())
	}
	return set
}

func folder(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

const shop = `package shop.orders

default allow := false

allow if {
	input.method == "GET"
	input.principal.claims.sub == input.params.owner
}

allow if "admin" in input.principal.claims.roles
`

func as(claims map[string]any) Principal {
	return Principal{Anonymous: claims == nil, Claims: claims}
}

func TestDecide(t *testing.T) {
	set := load(t, map[string]string{
		"orders.rego": shop,
		"rich.rego": `package rich
decision := {"allow": true, "claims": {"scope": "cart"}, "obligations": {"mask": ["email"]}} if input.method == "GET"
decision := {"allow": false, "reason": "no writing today", "status": 401, "headers": {"WWW-Authenticate": "Bearer"}} if input.method == "POST"
decision := {"allow": "yes"} if input.method == "PUT"
decision := {"allow": true, "typo": 1} if input.method == "PATCH"
decision := {"allow": false, "status": 200} if input.method == "DELETE"
decision := {"allow": false, "headers": {"X": "a\nb"}} if input.method == "HEAD"
decision := {"status": 401} if input.method == "LINK"
`,
		"odd.rego":      "package odd\nallow := input.path\n",
		"conflict.rego": "package conflict\nallow := true if input.method == \"GET\"\nallow := false if input.path == \"/\"\n",
		"helper.rego":   "package helper\nowner(x) := x.owner\n",
		"all.rego": `package all
allow if {
	input == {"method": "POST", "host": "shop.example", "path": "/a/b%2Fc", "segments": ["a", "b/c"],
		"route": {"id": "r", "group": "g", "stage": "canary", "side": "new"}, "params": {"x": "b/c"},
		"client_ip": "192.0.2.1", "headers": {"accept": ["a", "b"]},
		"body": {"n": 7}, "body_state": "whole",
		"principal": {"anonymous": false, "id": "u1", "source": "bearer", "claims": {"n": 1, "deep": {"list": [true, null]}}}}
}`,
	})
	for _, tc := range []struct {
		policy string
		in     Input
		want   Decision
	}{
		{"shop.orders", Input{Method: "GET", Params: map[string]string{"owner": "u1"}, Principal: as(map[string]any{"sub": "u1"})}, Decision{Allow: true, Cause: Allowed}},
		{"shop.orders", Input{Method: "GET", Params: map[string]string{"owner": "u2"}, Principal: as(map[string]any{"sub": "u1"})}, Decision{Cause: Denied, Status: 403}},
		{"shop.orders", Input{Method: "DELETE", Principal: as(map[string]any{"roles": []any{"admin"}})}, Decision{Allow: true, Cause: Allowed}},
		{"shop.orders", Input{Method: "GET", Principal: as(nil)}, Decision{Cause: Denied, Status: 403}},
		{"rich", Input{Method: "GET"}, Decision{Allow: true, Cause: Allowed, Claims: map[string]any{"scope": "cart"}, Obligations: map[string]any{"mask": []any{"email"}}}},
		{"rich", Input{Method: "POST"}, Decision{Cause: Denied, Reason: "no writing today", Status: 401, Headers: map[string]string{"WWW-Authenticate": "Bearer"}}},
		{"rich", Input{Method: "PUT"}, Decision{Cause: WrongType, Status: 503}},
		{"rich", Input{Method: "PATCH"}, Decision{Cause: WrongType, Status: 503}},
		{"rich", Input{Method: "DELETE"}, Decision{Cause: WrongType, Status: 503}},
		{"rich", Input{Method: "HEAD"}, Decision{Cause: WrongType, Status: 503}},
		{"rich", Input{Method: "LINK"}, Decision{Cause: WrongType, Status: 503}},
		{"rich", Input{Method: "OPTIONS"}, Decision{Cause: Undefined, Status: 403}},
		{"odd", Input{Path: "/"}, Decision{Cause: WrongType, Status: 503}},
		{"conflict", Input{Method: "GET", Path: "/"}, Decision{Cause: Failed, Status: 503}},
		{"helper", Input{}, Decision{Cause: Missing, Status: 503}},
		{"absent", Input{}, Decision{Cause: Missing, Status: 503}},
		{"all", Input{
			Method: "POST", Host: "shop.example", Path: "/a/b%2Fc", Segments: []string{"a", "b/c"}, Route: "r", Group: "g", Stage: "canary", Side: "new",
			Params: map[string]string{"x": "b/c"}, ClientIP: "192.0.2.1", Headers: map[string][]string{"accept": {"a", "b"}},
			Body: map[string]any{"n": 7}, BodyState: BodyWhole,
			Principal: Principal{ID: "u1", Source: "bearer", Claims: map[string]any{"n": 1, "deep": map[string]any{"list": []any{true, nil}}}},
		}, Decision{Allow: true, Cause: Allowed}},
	} {
		t.Run(tc.policy+" "+tc.in.Method, func(t *testing.T) {
			got := set.Decide(context.Background(), tc.policy, &tc.in)
			reason := cmpopts.IgnoreFields(Decision{}, "Took", "Reason")
			if tc.want.Reason != "" {
				reason = cmpopts.IgnoreFields(Decision{}, "Took")
			}
			if diff := cmp.Diff(tc.want, got, reason); diff != "" {
				t.Errorf("(-want +got)\n%s\nreason: %s", diff, got.Reason)
			}
			if !got.Allow && got.Cause != Denied && got.Reason == "" {
				t.Error("no reason for the decision log")
			}
		})
	}
}

func TestLocation(t *testing.T) {
	for _, tc := range []struct {
		status   string
		location any
		want     int
	}{
		{"303", "/login?next=%2Forders", 303},
		{"302", "/", 302},
		{"307", "/a//b", 307},
		{"401", "/login", 401},
		{"301", "/login", 503},
		{"303", nil, 503},
		{"303", "", 503},
		{"303", "login", 503},
		{"303", "//other.example/", 503},
		{"303", `/\\other.example/`, 503},
		{"303", "/\t/other.example/", 503},
		{"303", "https://other.example/", 503},
		{"303", "javascript:alert(1)", 503},
		{"401", "//other.example/", 503},
	} {
		headers := map[string]any{}
		if tc.location != nil {
			headers["location"] = tc.location
		}
		d := read(map[string]any{"allow": false, "status": json.Number(tc.status), "headers": headers})
		if d.Allow || d.Status != tc.want {
			t.Errorf("status %s, location %q: got %+v", tc.status, tc.location, d)
		}
	}
	if d := read(map[string]any{"allow": false, "status": json.Number("303"), "headers": map[string]any{"location": "/a", "Location": "/b"}}); d.Status != 503 {
		t.Errorf("two locations: got %+v", d)
	}
}

func TestLateDecision(t *testing.T) {
	set := load(t, map[string]string{"slow.rego": "package slow\nallow if {\n\tsome i in numbers.range(1, 100000)\n\tsome j in numbers.range(1, 100000)\n\ti * j == to_number(input.path)\n}\n"})
	set.budget = 20 * time.Millisecond
	d := set.Decide(context.Background(), "slow", &Input{Path: "-1"})
	if d.Allow || d.Cause != Late || d.Status != 503 {
		t.Errorf("got %+v", d)
	}
	if d.Took > 5*time.Second {
		t.Errorf("took %v", d.Took)
	}
}

func TestNilSet(t *testing.T) {
	var set *Set
	if d := set.Decide(context.Background(), "any", &Input{}); d.Allow || d.Cause != Missing {
		t.Errorf("got %+v", d)
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, tc := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"syntax", map[string]string{"a.rego": "package a\n\nallow if {\n"}, "policies/a.rego:"},
		{"v0", map[string]string{"a.rego": "package a\nallow { true }\n"}, "policies/a.rego:2:1: syntax: `if` keyword is required"},
		{"unused variable", map[string]string{"a.rego": "package a\nallow if { x := 1 }\n"}, "assigned var x unused"},
		{"reaches out", map[string]string{"a.rego": "package a\nallow if http.send({\"method\": \"GET\", \"url\": \"http://x\"}).status_code == 200\n"}, "undefined function http.send"},
		{"test fails", map[string]string{"a.rego": shop, "a_test.rego": "package shop.orders_test\nimport data.shop.orders\ntest_anonymous if { print(\"seen\"); orders.allow with input as {} }\n"},
			"policies/a_test.rego:3:1: policy_test: the test shop.orders_test.test_anonymous fails"},
		{"data", map[string]string{"data.json": "{\n \"a\": }"}, "policies/data.json:2:8: syntax"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set, problems := Load(t.Context(), folder(tc.files), "policies")
			if set != nil || !strings.Contains(problems.Text(), tc.want) {
				t.Errorf("got %v\n%s\nwant %q", set, problems.Text(), tc.want)
			}
		})
	}
}

func TestLoadRunsTests(t *testing.T) {
	set := load(t, map[string]string{
		"a.rego": shop, "data.json": `{"x": 1}`, ".hidden.rego": "nonsense", "README.md": "text",
		"a_test.rego": "package shop.orders_test\nimport data.shop.orders\ntest_anonymous if not orders.allow with input as {}\ntest_data if data.x == 1\n",
	})
	if set.Tests != 2 || !set.Has("shop.orders") || set.Has("shop.orders_test") {
		t.Errorf("got %d tests, policies %v", set.Tests, set.Names())
	}
}

func TestAbsentFolderIsEmpty(t *testing.T) {
	set := load(t, nil)
	if len(set.Names()) != 0 {
		t.Error("policies out of nothing")
	}
}

// A policy is where it first says who may, and its decision wins over allow.
func TestOrigin(t *testing.T) {
	fsys := fstest.MapFS{
		"a.rego": {Data: []byte("package a\n\ndefault allow := false\n\nallow if input.method == \"GET\"\n")},
		"b.rego": {Data: []byte("package b\n\nallow if true\n\ndecision := {\"allow\": false} if input.path\n\ndecision := {\"allow\": true} if not input.path\n")},
		"c.rego": {Data: []byte("package b\n\ndecision := {\"allow\": true} if input.method == \"X\"\n")},
	}
	set, problems := Load(t.Context(), fsys, "p")
	if problems.HasErrors() {
		t.Fatal(problems.Text())
	}
	for name, want := range map[string]string{"a": "p/a.rego:3:1", "b": "p/b.rego:5:1", "absent": ""} {
		if got := set.Origin(name).String(); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if d := set.Decide(t.Context(), "b", &Input{Path: "/"}); d.Allow {
		t.Errorf("allow won: %+v", d)
	}
}

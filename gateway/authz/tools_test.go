package authz

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/open-policy-agent/opa/v1/ast"
	"pgregory.net/rapid"

	"ficus/gateway/route"
)

func filesOf(texts map[string]string) (files []File) {
	for name, text := range texts {
		files = append(files, File{"policies/" + name, []byte(text)})
	}
	return files
}

const coveredPolicy = `package p

allow if {
	input.method == "GET"
	input.path == "/"
}

allow if {
	count(input.method) == 4; count(input.path) == 1
}

unused(x) := y if {
	y := x + 1
}
`

const coveringTests = `package p_test

test_get if data.p.allow with input as {"method": "GET", "path": "/"}

test_no_post if not data.p.allow with input as {"method": "PUT", "path": "/"}

test_wrong if {
	print("seen", 1)
	data.p.allow with input as {}
}

todo_test_later if false
`

func TestRunTests(t *testing.T) {
	files := filesOf(map[string]string{"p.rego": coveredPolicy, "p_test.rego": coveringTests})
	run, problems := RunTests(t.Context(), files, "")
	if problems.HasErrors() {
		t.Fatal(problems.Text())
	}
	at := func(line int) route.Origin { return route.Origin{File: "policies/p_test.rego", Line: line, Column: 1} }
	want := &TestRun{
		Tests: []TestResult{
			{Name: "p_test.test_get", Origin: at(3), Passed: true},
			{Name: "p_test.test_no_post", Origin: at(5), Passed: true},
			{Name: "p_test.test_wrong", Origin: at(7), Output: "seen 1"},
			{Name: "p_test.todo_test_later", Origin: at(12), Skipped: true},
		},
		Lines: []FileLines{{File: "policies/p.rego", Covered: 3, Uncovered: [][2]int{{8, 9}, {12, 13}}}},
	}
	if diff := cmp.Diff(want, run, cmpopts.IgnoreFields(TestResult{}, "Took")); diff != "" {
		t.Error(diff)
	}
	if n := want.Lines[0].NotCovered(); n != 4 {
		t.Errorf("%d lines are not covered", n)
	}
	run, problems = RunTests(t.Context(), files, "no_post")
	if problems.HasErrors() || len(run.Tests) != 1 || run.Tests[0].Name != "p_test.test_no_post" {
		t.Errorf("got %+v\n%s", run, problems.Text())
	}
	for name, files := range map[string][]File{
		"syntax": filesOf(map[string]string{"p.rego": "package p\nallow if {\n"}),
		"strict": filesOf(map[string]string{"p.rego": "package p\nallow if { x := 1 }\n"}),
		"test":   filesOf(map[string]string{"p_test.rego": "package p\ntest_x if nobody(1)\n"}),
	} {
		if run, problems := RunTests(t.Context(), files, ""); run != nil || !problems.HasErrors() {
			t.Errorf("%s: got %+v", name, run)
		}
	}
	if _, problems := RunTests(t.Context(), files, "("); !problems.HasErrors() {
		t.Error("a filter that is none")
	}
}

func TestExplain(t *testing.T) {
	set := load(t, map[string]string{"orders.rego": shop, "clock.rego": "package clock\nallow if time.now_ns() == 7\n"})
	in := &Input{Method: "GET", Params: map[string]string{"owner": "u2"}, Principal: as(map[string]any{"sub": "u1"})}
	e := set.Explain(context.Background(), "shop.orders", in, "full")
	if e.Decision.Allow || e.Decision.Cause != Denied || !e.Kept || strings.Join(e.Reads, " ") != "method params.owner principal.claims.roles principal.claims.sub" {
		t.Errorf("got %+v", e)
	}
	if !strings.Contains(e.Trace, "orders.rego:7") || !strings.Contains(e.Trace, "Fail input.principal.claims.sub") {
		t.Errorf("trace\n%s", e.Trace)
	}
	fails := set.Explain(context.Background(), "shop.orders", in, "fails")
	if len(fails.Trace) >= len(e.Trace) || !strings.Contains(fails.Trace, "Fail") {
		t.Errorf("trace of what failed\n%s", fails.Trace)
	}
	if e := set.Explain(context.Background(), "shop.orders", in, "none"); e.Trace != "" {
		t.Errorf("trace of nothing\n%s", e.Trace)
	}
	if e := set.At(time.Unix(0, 7)).Explain(context.Background(), "clock", in, "none"); !e.Decision.Allow || e.Kept {
		t.Errorf("the clock: %+v", e)
	}
	if e := (*Set)(nil).Explain(context.Background(), "clock", in, "full"); e.Decision.Cause != Missing {
		t.Errorf("nobody: %+v", e)
	}
	if d := set.Decide(context.Background(), "shop.orders", in); d.Cause != Denied {
		t.Errorf("the set itself: %+v", d)
	}
}

// An input is written as policies see it, and read back as it was.
func TestInputJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := genInput(t, "in")
		if in.BodyState == BodyNotAsked || in.BodyState == BodyEmpty {
			in.Body = nil
		}
		text, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		sees, err := build(vocabulary, in)
		if err != nil {
			t.Fatal(err)
		}
		var decoded any
		if err := json.Unmarshal(text, &decoded); err != nil {
			t.Fatal(err)
		}
		if written := ast.MustInterfaceToValue(decoded); written.Compare(sees) != 0 {
			t.Fatalf("written %v\nseen %v", written, sees)
		}
		var again Input
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		if back, err := build(vocabulary, &again); err != nil || back.Compare(sees) != 0 {
			t.Fatalf("%v: read %v\nseen %v", err, back, sees)
		}
	})
}

func TestInputAsWrittenByPeople(t *testing.T) {
	for _, tc := range []struct {
		text, wrong string
		want        Input
	}{
		{`{}`, "", Input{Principal: Principal{Anonymous: true}}},
		{`{"principal": {"id": "7"}}`, "", Input{Principal: Principal{ID: "7"}}},
		{`{"principal": {"id": "7", "anonymous": true}}`, "", Input{Principal: Principal{ID: "7", Anonymous: true}}},
		{`{"principal": {"anonymous": false}}`, "", Input{}},
		{`{"body": null, "principal": {"id": "7"}}`, "", Input{BodyState: BodyWhole, Principal: Principal{ID: "7"}}},
		{`{"body_state": "too_large"}`, "", Input{BodyState: BodyTooLarge, Principal: Principal{Anonymous: true}}},
		{`{"body_state": "whole"}`, "no body", Input{}},
		{`{"body_state": "empty", "body": 1}`, "and a body", Input{}},
		{`{"body_state": "large"}`, "unknown body_state", Input{}},
		{`{"methd": "GET"}`, "unknown field", Input{}},
		{`{"principal": {"roles": []}}`, "unknown field", Input{}},
		{`{"method": 1}`, "cannot unmarshal", Input{}},
	} {
		var in Input
		err := json.Unmarshal([]byte(tc.text), &in)
		if tc.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), tc.wrong) {
				t.Errorf("%s: got %v, want %q", tc.text, err, tc.wrong)
			}
			continue
		}
		if diff := cmp.Diff(tc.want, in); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", tc.text, err, diff)
		}
	}
}

// FuzzInputJSON reads inputs of anybody's hand: what is understood reads the same again.
func FuzzInputJSON(f *testing.F) {
	f.Add(`{"method": "GET", "path": "/a", "params": {"id": "7"}, "principal": {"id": "1", "claims": {"role": "admin", "n": 1e3}}, "body": {"a": [null]}}`)
	f.Add(`{"body_state": "empty", "headers": {"x": ["<&>"]}, "route": {"id": "r"}}`)
	f.Add(`{"body": null}{`)
	f.Fuzz(func(t *testing.T, text string) {
		var in, again Input
		if json.Unmarshal([]byte(text), &in) != nil {
			return
		}
		written, err := json.Marshal(&in)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(written, &again); err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		one, err1 := build(vocabulary, &in)
		two, err2 := build(vocabulary, &again)
		if err1 != nil || err2 != nil || one.Compare(two) != 0 {
			t.Fatalf("%v, %v\n%v\n%v", one, err1, two, err2)
		}
	})
}

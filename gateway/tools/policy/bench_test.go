package policy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/authz"
)

// logged is what the gateway's own log writes of a decision.
func logged(t testing.TB, in *authz.Input, d authz.Decision) string {
	t.Helper()
	var text bytes.Buffer
	log := authz.NewLog(authz.LogConfig{Logger: slog.New(slog.NewJSONHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	log.Decided(authz.Event{Time: now, Policy: "shop.orders", Input: in, Decision: d})
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

var asked = &authz.Input{
	Method: "GET", Host: "shop.example", Path: "/orders/7", Segments: []string{"orders", "7"}, Route: "order", ClientIP: "192.0.2.1",
	Principal: authz.Principal{ID: "u1", Source: "bearer", Claims: map[string]any{"sub": "u1", "customer": "t1", "roles": []any{"admin"}}},
}

func TestReadLog(t *testing.T) {
	f := sound(t, "routes")
	line := logged(t, asked, authz.Decision{Allow: true, Cause: authz.Allowed})
	masked := logged(t, asked, authz.Decision{Cause: authz.Denied, Obligations: map[string]any{"mask": []any{"path"}}})
	other := `{"level": "info", "msg": "policies applied", "policy": "shop.orders"}` + "\n"

	var inputs Inputs
	reader := Reader{Table: f.Table, Claims: map[string]any{"customer": "t1", "roles": []any{"admin"}}}
	if err := reader.Read(&inputs, strings.NewReader(line+masked+other), "log"); err != nil {
		t.Fatal(err)
	}
	want := *asked
	want.Group, want.Stage, want.Side, want.Params = "journey", "canary", "legacy", map[string]string{"id": "7"}
	allowed := true
	if diff := cmp.Diff(Inputs{List: []Recorded{{"shop.orders", &want, &allowed}}, Skipped: 2}, inputs); diff != "" {
		t.Error(diff)
	}

	inputs = Inputs{}
	if err := (&Reader{}).Read(&inputs, strings.NewReader(line), "log"); err != nil || inputs.Partial != 1 || len(inputs.List) != 1 {
		t.Errorf("without values of claims: %v, %+v", err, inputs)
	}
}

func TestReadInputs(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{`{"method": "GET"}`, ""},
		{`{"policy": "other", "input": {"method": "GET"}} {"input": {}}`, ""},
		{`[]`, "file, input 1: it is no JSON object"},
		{`{} {`, "file, input 2: unexpected EOF"},
		{`{"methd": 1}`, "unknown field"},
		{`{"policy": "x", "input": {"methd": 1}}`, "unknown field"},
		{`{"policy": 1, "input": {}}`, "cannot unmarshal"},
	} {
		var inputs Inputs
		err := (&Reader{Policy: "p"}).Read(&inputs, strings.NewReader(tc.text), "file")
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: got %v, want %q", tc.text, err, tc.want)
		}
	}
	var inputs Inputs
	if err := (&Reader{}).Read(&inputs, strings.NewReader(`{"path": "/a/b"}`), "file"); err == nil || !strings.Contains(err.Error(), "--policy") {
		t.Errorf("no policy: %v", err)
	}
	if err := (&Reader{Policy: "p"}).Read(&inputs, strings.NewReader(`{"path": "/a/b"}`), "file"); err != nil || len(inputs.List[0].Input.Segments) != 2 {
		t.Errorf("segments: %v, %+v", err, inputs.List)
	}
}

func TestBench(t *testing.T) {
	f := sound(t, "routes")
	in := *asked
	in.Params = map[string]string{"id": "7"}
	refused, allowed := false, true
	large := &authz.Input{Body: map[string]any{"amount": 700.0}, BodyState: authz.BodyWhole}
	inputs := &Inputs{List: []Recorded{
		{"shop.orders", &in, &allowed}, {"shop.orders", &authz.Input{Principal: authz.Principal{Anonymous: true}}, &allowed},
		{"shop.change", large, &refused},
	}, Skipped: 1, Partial: 2}
	r, err := Bench(t.Context(), f.Policies, inputs, 20*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Policies) != 2 || r.Policies[0].Policy != "shop.change" || r.Policies[1].Inputs != 2 || r.Policies[1].Differs != 1 || r.Policies[0].Differs != 0 ||
		r.Policies[1].Causes[authz.Allowed] != 1 || r.Policies[1].Causes[authz.Denied] != 1 {
		t.Errorf("got %+v", r.Policies)
	}
	for _, timing := range r.Policies {
		for _, q := range []Quantiles{timing.Cold, timing.Warm} {
			if q.Decisions < timing.Inputs || q.P50 <= 0 || q.P50 > q.P90 || q.P90 > q.P99 || q.P99 > q.Max {
				t.Errorf("%s: %+v", timing.Policy, q)
			}
		}
		if timing.Allocs <= 0 || timing.Allocs > 10_000 || timing.Bytes < timing.Allocs {
			t.Errorf("%s: %d allocations, %d bytes", timing.Policy, timing.Allocs, timing.Bytes)
		}
		if !timing.Kept || timing.Warm.P50 >= timing.Cold.P50 {
			t.Errorf("%s: warm %+v is no faster than cold %+v", timing.Policy, timing.Warm, timing.Cold)
		}
	}
	if slow := r.Slower(time.Nanosecond); len(slow) != 2 {
		t.Errorf("slower than nothing: %v", slow)
	}
	if slow := r.Slower(time.Hour); slow != nil {
		t.Errorf("slower than an hour: %v", slow)
	}
	if _, err := Bench(t.Context(), f.Policies, &Inputs{List: []Recorded{{"absent", &in, nil}}}, time.Millisecond); err == nil {
		t.Error("a policy that is not there")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Bench(ended, f.Policies, inputs, time.Hour); err == nil {
		t.Error("it goes on after the end")
	}
}

// An example for each route that names a policy, as the gateway would show it.
func TestExamples(t *testing.T) {
	f := sound(t, "routes")
	inputs := f.Examples(&Question{Claims: map[string]any{"sub": "u1"}})
	got := map[string]string{}
	for _, one := range inputs.List {
		in := one.Input
		got[in.Route] = fmt.Sprintf("%s %s %s %v %s", one.Policy, in.Method, in.Path, in.Body, in.BodyState)
		if in.Principal.ID != "u1" || in.ClientIP == "" || in.Side == "" || in.Segments == nil {
			t.Errorf("%+v", in)
		}
	}
	want := map[string]string{
		"order":        "shop.orders GET /orders/7 <nil> ",
		"order-change": "shop.change PUT /orders/7 map[] whole",
		"order-note":   "shop.change POST /orders/7/note <nil> ",
		"order-any":    "shop.orders GET /orders/ <nil> ",
		"exact":        "shop.orders GET /exact/7 <nil> ",
	}
	if diff := cmp.Diff(want, got); diff != "" || inputs.Made != 5 {
		t.Errorf("made %d (-want +got)\n%s", inputs.Made, diff)
	}
	if one := f.Examples(&Question{Policy: "shop.change"}); len(one.List) != 2 || !one.List[0].Input.Principal.Anonymous {
		t.Errorf("of one policy: %+v", one.List)
	}
	if none := sound(t, "alone").Examples(&Question{}); len(none.List) != 0 {
		t.Errorf("without routes: %+v", none.List)
	}
	if _, err := Bench(t.Context(), f.Policies, inputs, time.Millisecond); err != nil {
		t.Error(err)
	}
}

func TestQuantiles(t *testing.T) {
	var took []int64
	for i := range 200 {
		took = append(took, int64(200-i))
	}
	if got := quantiles(took); got != (Quantiles{200, 100, 180, 198, 200}) {
		t.Errorf("got %+v", got)
	}
	if got := quantiles([]int64{7}); got != (Quantiles{1, 7, 7, 7, 7}) {
		t.Errorf("got %+v", got)
	}
	if got := quantiles(nil); got != (Quantiles{}) {
		t.Errorf("got %+v", got)
	}
}

func TestBenchText(t *testing.T) {
	r := BenchReport{
		Policies: []Timing{
			{Policy: "shop.orders", Inputs: 200, Causes: map[authz.Cause]int{authz.Allowed: 150, authz.Denied: 47, authz.Late: 3}, Differs: 1, Kept: true, Allocs: 130,
				Cold: Quantiles{1000, 15_300, 20_000, 3_000_000, 4}, Warm: Quantiles{1000, 470, 600, 1_200, 9}},
			{Policy: "shop.checkout", Inputs: 1, Causes: map[authz.Cause]int{authz.Denied: 1}, Cold: Quantiles{10, 20_000, 20_000, 20_000, 4}},
		},
		Skipped: 1, Partial: 2, Made: 3,
	}
	var b bytes.Buffer
	if err := r.Print(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "bench.txt", b.Bytes())
}

// FuzzRead reads files of anybody's hand: what is taken can be asked, and nothing panics.
func FuzzRead(f *testing.F) {
	folder := sound(f, "routes")
	f.Add(logged(f, asked, authz.Decision{Allow: true, Cause: authz.Allowed}))
	f.Add(`{"policy": "shop.change", "input": {"body": {"amount": 1}}}{"method": "GET", "principal": {"id": "7"}}`)
	f.Add(`{"cause": "denied", "policy": "shop.orders", "path": "/", "route": "order", "principal": {"claims": ["a"]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var inputs Inputs
		err := (&Reader{Policy: "shop.orders", Table: folder.Table}).Read(&inputs, strings.NewReader(text), "file")
		if errors.Is(err, io.EOF) {
			t.Fatal("an end is no error")
		}
		for _, one := range inputs.List {
			if one.Policy == "" || one.Input == nil {
				t.Fatalf("taken: %+v", one)
			}
			d := folder.Policies.Decide(context.Background(), one.Policy, one.Input)
			if d.Cause == authz.Failed && strings.Contains(d.Reason, "building the input") {
				t.Fatalf("%+v: %s", one.Input, d.Reason)
			}
			if _, err := json.Marshal(one.Input); err != nil {
				t.Fatal(err)
			}
		}
	})
}

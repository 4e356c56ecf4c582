package bundles

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/storage"

	"ficus/gateway/authz"
	"ficus/gateway/route"
)

// config leaves it to the tests when OPA looks.
const config = `
services: {control: {url: URL, response_header_timeout_seconds: 5}}
bundles:
  shop: {service: control, resource: /shop, trigger: manual}
`

func policy(method string) map[string]string {
	return map[string]string{
		"/cart.rego": "package shop.cart\n\nallow if input.method == \"" + method + "\"\n",
		"/cart_test.rego": "package shop.cart_test\n\nimport data.shop.cart\n\ntest_allow if cart.allow with input as {\"method\": \"" + method + "\"}\n" +
			"test_deny if not cart.allow with input as {\"method\": \"TRACE\"}\n",
	}
}

var get = authz.Input{Method: "GET"}

func TestActivationAndUpdate(t *testing.T) {
	s := newServer(t)
	r := start(t, config, s)
	if r.Set() != nil {
		t.Error("policies out of nothing")
	}
	if d := r.decide("shop.cart", get); d.Allow || d.Cause != authz.Missing {
		t.Errorf("cold: %+v", d)
	}
	r.look()
	r.awaitProblem("Not Found")
	s.put(t, "/shop", "one", policy("GET"), map[string]any{"shop": map[string]any{"limit": 3}})
	r.look()
	r.awaitRevision("shop", "one")
	first := r.Set()
	if first.Tests != 2 || !r.decide("shop.cart", get).Allow {
		t.Errorf("%d tests, policies %q, decision %+v", first.Tests, first.Names(), r.decide("shop.cart", get))
	}
	await(t, "the problem is over", func() bool { return r.last().set == first && len(r.last().problems) == 0 })

	before := s.count("/shop")
	r.look()
	if s.count("/shop") != before+1 || r.Set() != first {
		t.Error("an unchanged bundle was activated again")
	}

	s.put(t, "/shop", "two", policy("HEAD"), nil)
	r.look()
	r.awaitRevision("shop", "two")
	if r.decide("shop.cart", get).Allow || !r.decide("shop.cart", authz.Input{Method: "HEAD"}).Allow {
		t.Error("the second bundle does not decide")
	}
	if !first.Within(time.Minute).Decide(t.Context(), "shop.cart", &get).Allow {
		t.Error("the first set changed under a request that holds it")
	}
}

// OPA polls by itself, and does not keep bundles from others meanwhile.
func TestPolling(t *testing.T) {
	s := newServer(t)
	s.put(t, "/shop", "one", policy("GET"), nil)
	r := start(t, strings.Replace(config, "trigger: manual", "polling: {min_delay_seconds: 1, max_delay_seconds: 1}", 1), s)
	r.awaitRevision("shop", "one")
	r.look() // does not disturb
	s.put(t, "/shop", "two", policy("HEAD"), nil)
	r.awaitRevision("shop", "two")
	s.set(true)
	r.awaitProblem("Service Unavailable")
	if r.Revisions()["shop"] != "two" {
		t.Error("the last bundle does not decide while the server is down")
	}
}

// A bundle that is no good leaves the one before deciding, and is no good to OPA either.
func TestBrokenBundleKeepsTheOld(t *testing.T) {
	for _, tc := range []struct {
		name    string
		modules map[string]string
		want    string
	}{
		{"syntax", map[string]string{"/cart.rego": "package shop.cart\n\nallow if {\n"}, "cart.rego"},
		{"compile", map[string]string{"/cart.rego": "package shop.cart\n\nallow if unknown(input)\n"}, "undefined function"},
		{"strict", map[string]string{"/cart.rego": "package shop.cart\n\nallow if { x := 1 }\n"}, "assigned var x unused"},
		{"reaches out", map[string]string{"/cart.rego": "package shop.cart\n\nallow if http.send({\"method\": \"GET\", \"url\": \"http://x\"}).status_code == 200\n"}, "undefined function http.send"},
		{"test", map[string]string{"/cart.rego": policy("GET")["/cart.rego"], "/cart_test.rego": policy("HEAD")["/cart_test.rego"]}, "shop.cart_test.test_allow fails"},
		{"no entrypoint", map[string]string{"/cart.rego": "package shop.cart\n\nhelp := 1\n"}, "no package says allow or decision"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newServer(t)
			s.put(t, "/shop", "good", policy("GET"), nil)
			r := start(t, config+"status: {service: control, partition_name: \"\"}\n", s)
			r.awaitRevision("shop", "good")
			first := r.Set()
			s.put(t, "/shop", "bad", tc.modules, nil)
			r.look()
			r.awaitProblem(tc.want)
			if last := r.last(); last.set != first || !last.problems.HasErrors() {
				t.Errorf("told of %v and %s", last.set, last.problems.Text())
			}
			if r.Set() != first || !r.decide("shop.cart", get).Allow {
				t.Error("the bundle before does not decide")
			}
			s.put(t, "/shop", "good", policy("GET"), nil) // rolled back: an ETag that OPA knows
			r.look()
			await(t, "the problem is over", func() bool { return !r.last().problems.HasErrors() })
			s.put(t, "/shop", "better", policy("HEAD"), nil)
			r.look()
			r.awaitRevision("shop", "better")
		})
	}
}

func TestServerDown(t *testing.T) {
	s := newServer(t)
	s.put(t, "/shop", "one", policy("GET"), nil)
	r := start(t, config, s)
	r.awaitRevision("shop", "one")
	s.set(true)
	r.look()
	r.awaitProblem("Service Unavailable")
	if !r.decide("shop.cart", get).Allow {
		t.Error("the last bundle does not decide while the server is down")
	}
	s.set(false)
	r.look()
	await(t, "the problem is over", func() bool { return !r.last().problems.HasErrors() })
}

// Bundles may need one another: policies decide when all have come, in whatever order.
func TestTwoBundles(t *testing.T) {
	s := newServer(t)
	s.put(t, "/data", "d1", nil, map[string]any{"data": map[string]any{"methods": []any{"GET"}}})
	r := start(t, config+"  data: {service: control, resource: /data, trigger: manual}\n", s)
	s.seen(t, "the data was fetched", func() bool { return s.asked["/data"] > 0 })
	if r.Set() != nil {
		t.Error("half the bundles decide")
	}
	s.put(t, "/shop", "s1", map[string]string{"/cart.rego": "package shop.cart\n\nallow if input.method in data.data.methods\n"}, nil)
	r.look()
	r.awaitRevision("shop", "s1")
	if !r.decide("shop.cart", get).Allow {
		t.Errorf("%+v", r.decide("shop.cart", get))
	}
	s.put(t, "/data", "d2", nil, map[string]any{"data": map[string]any{"methods": []any{"PUT"}}})
	r.look()
	r.awaitRevision("data", "d2")
	if r.decide("shop.cart", get).Allow || !r.decide("shop.cart", authz.Input{Method: "PUT"}).Allow {
		t.Error("new data do not decide")
	}
}

// A bundle kept on disk decides after a start without a server. One that fails its tests
// is not kept.
func TestPersistedBundle(t *testing.T) {
	s := newServer(t)
	persisted := strings.Replace(config, "resource: /shop", "resource: /shop, persist: true", 1) + "persistence_directory: " + t.TempDir() + "\n"
	s.put(t, "/shop", "good", policy("GET"), nil)
	r := start(t, persisted, s)
	r.awaitRevision("shop", "good")
	s.put(t, "/shop", "bad", map[string]string{"/cart.rego": policy("GET")["/cart.rego"], "/cart_test.rego": policy("HEAD")["/cart_test.rego"]}, nil)
	r.look()
	r.awaitProblem("fails")
	r.Close(t.Context())
	s.set(true)
	again := start(t, persisted, s)
	if again.Revisions()["shop"] != "good" || !again.decide("shop.cart", get).Allow {
		t.Errorf("revisions %v, decision %+v", again.Revisions(), again.decide("shop.cart", get))
	}
}

// No request gets a decision that none of the bundles would give, however often they
// are swapped.
func TestSwapsWhileDeciding(t *testing.T) {
	s := newServer(t)
	put := func(n int) {
		s.put(t, "/shop", fmt.Sprint(n), map[string]string{"/cart.rego": fmt.Sprintf(
			"package shop.cart\n\ndecision := {\"allow\": true, \"obligations\": {\"n\": [%d, data.shop.n]}} if input.method == \"GET\"\n", n)},
			map[string]any{"shop": map[string]any{"n": n}})
	}
	put(0)
	r := start(t, config, s)
	r.awaitRevision("shop", "0")
	var stop atomic.Bool
	var decided atomic.Int64
	var deciders sync.WaitGroup
	for range 4 {
		deciders.Go(func() {
			last := 0.0
			for !stop.Load() {
				d := r.Set().Within(time.Minute).Decide(context.Background(), "shop.cart", &get)
				pair, _ := d.Obligations["n"].([]any)
				if !d.Allow || len(pair) != 2 || number(pair[0]) != number(pair[1]) || number(pair[0]) < last {
					t.Errorf("after %v: %+v", last, d)
					return
				}
				last = number(pair[0])
				decided.Add(1)
				runtime.Gosched() // or the swaps would wait for whole time slices
			}
		})
	}
	for n := 1; n <= 1000 && !t.Failed(); n++ {
		put(n)
		r.look()
		if got := r.Revisions()["shop"]; got != fmt.Sprint(n) {
			t.Errorf("revision %s after the look for %d", got, n)
		}
	}
	stop.Store(true)
	deciders.Wait()
	t.Logf("%d decisions during 1000 swaps", decided.Load())
}

func number(v any) float64 {
	f, _ := v.(json.Number).Float64()
	return f
}

func TestDiscovery(t *testing.T) {
	s := newServer(t)
	found := func(resource string) map[string]any {
		return map[string]any{"config": map[string]any{
			"bundles": map[string]any{"shop": map[string]any{"service": "control", "resource": resource,
				"trigger": "manual"}},
			"status": map[string]any{"service": "control"},
		}}
	}
	s.put(t, "/config", "c1", nil, found("/shop"))
	s.put(t, "/shop", "s1", policy("GET"), nil)
	r := start(t, "services: {control: {url: URL}}\ndiscovery: {resource: /config, decision: config, trigger: manual}\n", s)
	r.awaitRevision("shop", "s1")
	s.put(t, "/other", "o1", map[string]string{"/other.rego": "package other\n\nallow if input.method == \"PUT\"\n"}, nil)
	s.put(t, "/config", "c2", nil, found("/other"))
	r.look()
	r.awaitRevision("shop", "o1")
	if !r.decide("other", authz.Input{Method: "PUT"}).Allow || r.Set().Has("shop.cart") {
		t.Errorf("policies %q", r.Set().Names())
	}
}

func TestStatusReport(t *testing.T) {
	s := newServer(t)
	s.put(t, "/shop", "one", policy("GET"), nil)
	r := start(t, config+"status: {service: control, prometheus: true}\n", s)
	r.awaitRevision("shop", "one")
	bundle := func(status map[string]any) map[string]any {
		bundles, _ := status["bundles"].(map[string]any)
		shop, _ := bundles["shop"].(map[string]any)
		return shop
	}
	s.seen(t, "an active revision in the status", func() bool {
		for _, status := range s.statuses {
			if bundle(status)["active_revision"] == "one" {
				return true
			}
		}
		return false
	})
	s.put(t, "/shop", "two", map[string]string{"/cart.rego": "package shop.cart\n\nallow if { x := 1 }\n"}, nil)
	r.look()
	s.seen(t, "why the bundle was refused, in the status", func() bool {
		for _, status := range s.statuses {
			if text, _ := bundle(status)["message"].(string); strings.Contains(text, "assigned var x unused") {
				return bundle(status)["active_revision"] == "one"
			}
		}
		return false
	})
}

func TestDecisionLog(t *testing.T) {
	s := newServer(t)
	modules := policy("GET")
	modules["/mask.rego"] = "package system.log\n\nmask contains \"/input/client_ip\"\n"
	s.put(t, "/shop", "one", modules, nil)
	s.mu.Lock()
	s.bundles["/shop"] = tarball(t, "", "one", modules, nil) // which owns all of data
	s.mu.Unlock()
	r := start(t, config+"decision_logs: {service: control, reporting: {min_delay_seconds: 1, max_delay_seconds: 1}}\n", s)
	r.awaitRevision("shop", "one")
	in := authz.Input{
		Method: "GET", Path: "/cart", ClientIP: "192.0.2.1", Headers: map[string][]string{"x-token": {"secret"}},
		Body: map[string]any{"card": "secret"}, BodyState: authz.BodyWhole,
		Principal: authz.Principal{ID: "u1", Source: "bearer", Claims: map[string]any{"email": "secret"}},
	}
	event := authz.Event{
		Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), RequestID: "r1", Policy: "shop.cart", Revision: r.Set().ID(), Observed: true,
		Input: &in, Decision: r.decide("shop.cart", in),
	}
	if err := r.Report(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	s.seen(t, "the decision", func() bool { return len(s.events) == 1 })
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err := json.Marshal(s.events[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"decision_id":"r1"`, `"path":"shop/cart"`, `"allow":true`, `"headers":["x-token"]`, `"claims":["email"]`, `"observed":true`, `"id":"test"`, `"revision":"one"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("want %s in %s", want, text)
		}
	}
	for _, secret := range []string{"secret", `"client_ip":"192`} {
		if strings.Contains(string(text), secret) {
			t.Errorf("%s in %s", secret, text)
		}
	}
}

// An activation has OPA's decision log prepare its own policies anew. That must not meet
// a decision that takes the same two locks, the log's and the store's, in the other order.
func TestDecisionLogDuringActivation(t *testing.T) {
	s := newServer(t)
	s.put(t, "/shop", "one", policy("GET"), nil)
	var reports sync.WaitGroup
	r, err := create(Config{
		Text:    []byte(strings.ReplaceAll(config+"decision_logs: {service: control, reporting: {trigger: manual}}\n", "URL", s.URL)),
		Changed: func(*authz.Set, route.Problems) {},
	}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	r.manager.RegisterCompilerTrigger(func(storage.Transaction) { // before the log's own
		reports.Go(func() {
			if err := r.Report(context.Background(), authz.Event{Policy: "shop.cart", Input: &get}); err != nil {
				t.Error(err)
			}
		})
		for range 10_000 {
			runtime.Gosched() // until the report waits for the store, which is being written
		}
	})
	if err := r.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer r.Close(context.Background())
	if err := r.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	reports.Wait()
}

func TestConfiguration(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"no YAML":          {"services: [", "OPA's configuration"},
		"unknown service":  {"bundles: {shop: {service: nobody, resource: x}}", "nobody"},
		"unset variable":   {"services: {control: {url: \"${NO_SUCH_VARIABLE}\"}}", `"NO_SUCH_VARIABLE" is not set`},
		"unknown plugin":   {"plugins: {mine: {}}", `"mine"`},
		"log to a service": {"decision_logs: {service: nobody}", "nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			newServer(t)
			_, err := Start(t.Context(), Config{Text: []byte(tc.text), Changed: nil})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func TestReportWithoutLog(t *testing.T) {
	s := newServer(t)
	r := start(t, "labels: {a: b}", s)
	if err := r.Report(t.Context(), authz.Event{Policy: "x"}); err != nil {
		t.Error(err)
	}
}

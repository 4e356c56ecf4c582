package schema

import (
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"pgregory.net/rapid"

	"ficus/gateway/routefile"
	"ficus/gateway/routetable"
)

// keysOfResilience are the keys of a route and of a backend that take a number, a time, a
// text or a list.
var keysOfResilience = map[string][]string{
	"route": {
		"timeout", "try_timeout", "idle_timeout", "min_body_rate", "deadline", "idempotent", "max_replay", "priority",
		"retry.attempts", "retry.status", "retry.wait", "retry.max_wait", "fallback.enabled", "fallback.status", "fallback.unsafe",
		"rate_limit.rate", "rate_limit.burst", "rate_limit.by", "rate_limit.headers",
		"faults.side", "faults.share", "faults.header", "faults.delay", "faults.abort", "faults.reset",
		"shadow.share", "shadow.max_body", "shadow.headers", "shadow.ignore",
	},
	"backend": {
		"balance", "max_inflight", "adaptive", "connect_timeout", "try_timeout", "idle_timeout", "slow_start", "drain",
		"health.path", "health.every", "health.timeout", "health.status", "health.failures", "health.passes",
		"breaker.enabled", "breaker.window", "breaker.min_requests", "breaker.failure_ratio", "breaker.open_for", "breaker.slow", "breaker.ramp", "breaker.eject_after",
		"queue.size", "queue.timeout", "retry_budget.ratio", "retry_budget.floor", "fallback_limit.max_inflight", "fallback_limit.rate",
		"shadow_limit.max_inflight", "shadow_limit.queue", "shadow_limit.timeout",
	},
}

var valuesOfResilience = []string{
	"-1", "0", "0.1", "0.2", "0.21", "1", "1.5", "3", "4", "64", "100", "101", "199", "200", "429", "500", "503", "599", "600", "1000", "1001",
	"10000", "10001", "100000", "100001", "1000000", "1000001", "1048576", "1048577", "4194304", "4194305",
	`"0"`, "1ms", "2s", "1m30s", "1.5h", ".5s", "1.s", `"+2s"`, "-2s", "2", "2d", "25h", "1µs",
	"10/s", "300/m", "1000/h", "10/d", "+1/s", "0/s", "1000001/s",
	"on", "off", "low", "critical", "new", "legacy", "round_robin", "least_time", "X-Wait", "a b", `""`, "/healthz", "/a b", "healthz",
	"[]", "[503]", "[429, 500]", "[501]", "[600]", "[/a/*/b]", "[a]", "[X-A, ETag]", "[\"a b\"]", "[client_ip, \"claim:sub\"]", "{ X-A: \"1*\" }", "{ \"a b\": \"1\" }",
}

// fileWith is a route file that holds a value under a key.
func fileWith(kind, key, value string) string {
	top, rest, nested := strings.Cut(key, ".")
	inner := key + ": " + value
	switch {
	case top == "faults" && rest == "delay":
		inner = "faults: [{ delay: " + value + ", abort: 503 }]"
	case top == "faults":
		inner = "faults: [{ delay: 1s, " + rest + ": " + value + " }]"
	case top == "rate_limit" && rest != "rate":
		inner = "rate_limit: { rate: 1/s, " + rest + ": " + value + " }"
	case top == "health" && rest != "path":
		inner = "health: { path: /healthz, " + rest + ": " + value + " }"
	case nested:
		inner = top + ": { " + rest + ": " + value + " }"
	}
	if kind == "route" {
		return "routes: [{ id: a, match: /a, " + inner + " }]"
	}
	if top == "queue" || top == "adaptive" {
		inner += ", max_inflight: 8"
	}
	return "backends: { legacy: { addresses: [\"http://a\"], " + inner + " } }"
}

// checked reports whether the checker takes a file.
func checked(text string) bool {
	folder := routefile.Folder{Files: []routefile.File{{Name: "a.yaml", Data: []byte(text)}}}
	set, problems := folder.Parse(os.LookupEnv)
	for i := range set.Backends {
		problems = append(problems, routetable.CheckBackend(&set.Backends[i])...)
	}
	for i := range set.Routes {
		problems = append(problems, routetable.CheckDefinition(&set.Routes[i])...)
	}
	return !problems.HasErrors()
}

// What the checker takes, the schema takes; what is far out, neither does.
func TestResilienceIsNoStricterThanTheChecker(t *testing.T) {
	s := compiled(t)
	check := func(t interface {
		Fatalf(string, ...any)
	}, kind, key, value string) (good, valid bool) {
		text := fileWith(kind, key, value)
		var document any
		if err := yaml.Unmarshal([]byte(text), &document); err != nil {
			return false, false
		}
		good, valid = checked(text), s.Validate(document) == nil
		if good && !valid {
			t.Fatalf("the schema refuses what the checker takes: %s", text)
		}
		return good, valid
	}
	for kind, keys := range keysOfResilience {
		for _, key := range keys {
			taken, refused := 0, 0
			for _, value := range valuesOfResilience {
				if good, valid := check(t, kind, key, value); good {
					taken++
				} else if !valid {
					refused++
				}
			}
			if taken == 0 || refused == 0 {
				t.Errorf("%s %s: %d values are taken, %d refused by both", kind, key, taken, refused)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]string{"route", "backend"}).Draw(t, "kind")
		key := rapid.SampledFrom(keysOfResilience[kind]).Draw(t, "key")
		value := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"0", "1", "5", "9", ".", "-", "+", "s", "ms", "m", "h", "µs", "/"}), 1, 6).Draw(t, "value"), "")
		check(t, kind, key, value)
	})
}

// Numbers that are too large are wrong to both.
func TestLargestNumbers(t *testing.T) {
	s := compiled(t)
	for _, tc := range []struct{ kind, key, most, more string }{
		{"route", "max_replay", "1048576", "1048577"}, {"route", "retry.attempts", "3", "4"}, {"route", "rate_limit.burst", "1000000", "1000001"},
		{"route", "faults.share", "100", "100.1"}, {"route", "faults.abort", "599", "600"}, {"route", "shadow.share", "100", "100.1"},
		{"route", "shadow.max_body", "4194304", "4194305"}, {"route", "fallback.status", "[599]", "[600]"},
		{"backend", "max_inflight", "1000000", "1000001"}, {"backend", "health.status", "599", "600"}, {"backend", "health.failures", "100", "101"},
		{"backend", "health.passes", "100", "101"}, {"backend", "breaker.min_requests", "1000000", "1000001"}, {"backend", "breaker.failure_ratio", "1", "1.01"},
		{"backend", "breaker.eject_after", "1000", "1001"}, {"backend", "queue.size", "100000", "100001"}, {"backend", "retry_budget.ratio", "0.2", "0.21"},
		{"backend", "retry_budget.floor", "100", "100.5"}, {"backend", "fallback_limit.max_inflight", "1000000", "1000001"},
		{"backend", "shadow_limit.max_inflight", "10000", "10001"}, {"backend", "shadow_limit.queue", "10000", "10001"},
	} {
		for value, want := range map[string]bool{tc.most: true, tc.more: false, "-1": false} {
			text := fileWith(tc.kind, tc.key, value)
			var document any
			if err := yaml.Unmarshal([]byte(text), &document); err != nil {
				t.Fatal(err)
			}
			if good, valid := checked(text), s.Validate(document) == nil; good != want || valid != want {
				t.Errorf("%s: the checker says %v, the schema %v, want %v", text, good, valid, want)
			}
		}
	}
}

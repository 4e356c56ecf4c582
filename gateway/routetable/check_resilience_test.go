package routetable

import (
	"strings"
	"testing"
	"time"

	"ficus/gateway/route"
)

func TestCheckResilience(t *testing.T) {
	for _, tc := range []struct {
		name string
		in   route.Resilience
		want string // "" for no problem
	}{
		{"nothing", route.Resilience{}, ""},
		{"usual", route.Resilience{Timeout: 2 * time.Second, TryTimeout: time.Second, Retry: route.Retry{Attempts: 3}, RateLimit: route.RateLimit{Rate: route.Rate{Events: 1, Per: time.Second}}}, ""},
		{"timeout", route.Resilience{Timeout: 25 * time.Hour}, "routes[0].timeout: timeout 25h0m0s is not between 1ms and 24h0m0s"},
		{"tries", route.Resilience{Timeout: time.Second, TryTimeout: 2 * time.Second}, "routes[0].try_timeout: one try may take 2s, and all of them 1s"},
		{"deadline", route.Resilience{Deadline: "Content-Length"}, `routes[0].deadline: "Content-Length" can't carry how much time is left`},
		{"attempts", route.Resilience{Retry: route.Retry{Attempts: 4}}, "routes[0].retry.attempts: attempts 4 is not between 1 and 3"},
		{"retry status", route.Resilience{Retry: route.Retry{Status: []int{503, 404}}}, "routes[0].retry.status[1]: the answer 404 can't be tried again"},
		{"fallback status", route.Resilience{Fallback: route.Fallback{Status: []int{404}}}, "routes[0].fallback.status[0]: the answer 404 is no failure"},
		{"burst alone", route.Resilience{RateLimit: route.RateLimit{Burst: 5}}, "routes[0].rate_limit: the rate is missing"},
		{"fault without", route.Resilience{Faults: []route.Fault{{Share: 5}}}, "routes[0].faults[0]: what is broken is missing"},
		{"fault with both", route.Resilience{Faults: []route.Fault{{Abort: 503, Reset: route.On}}}, "routes[0].faults[0]: an answer and a broken connection exclude"},
		{"fault share", route.Resilience{Faults: []route.Fault{{Delay: 1, Share: 101}}}, "routes[0].faults[0].share: share 101 is not above 0 and up to 100"},
		{"shadow place", route.Resilience{Shadow: route.Shadow{Ignore: []string{"items"}}}, `routes[0].shadow.ignore[0]: "items" is no place in a JSON body`},
	} {
		d := &route.Definition{ID: "a", Match: "/a", Settings: route.Settings{Resilience: tc.in}}
		wantProblem(t, tc.name, CheckDefinition(d), tc.want)
	}
}

func TestCheckBackendResilience(t *testing.T) {
	for _, tc := range []struct {
		name, want string
		in         route.Backend
	}{
		{"usual", "", route.Backend{Health: route.Health{Path: "/healthz", Every: 5 * time.Second}, MaxInflight: 256, Queue: route.Queue{Size: 10}}},
		{"health without path", "backends.b.health: the path is missing", route.Backend{Health: route.Health{Every: time.Second}}},
		{"health path", `backends.b.health.path: "healthz" is no path`, route.Backend{Health: route.Health{Path: "healthz"}}},
		{"ratio", "backends.b.breaker.failure_ratio: failure_ratio 1.5 is not above 0 and up to 1", route.Backend{Breaker: route.Breaker{FailureRatio: 1.5}}},
		{"negative", "backends.b.breaker.min_requests: min_requests -1 is not between 1 and 1000000", route.Backend{Breaker: route.Breaker{MinRequests: -1}}},
		{"adaptive alone", "backends.b.max_inflight: max_inflight is missing", route.Backend{Adaptive: route.On}},
		{"budget", "backends.b.retry_budget.ratio: ratio 0.5 is not above 0 and up to 0.2", route.Backend{RetryBudget: route.RetryBudget{Ratio: 0.5}}},
		{"fallback of another", "backends.b.fallback_limit: only legacy takes fallbacks", route.Backend{FallbackLimit: route.FallbackLimit{MaxInflight: 1}}},
		{"connect twice", "backends.b.connect_timeout: connect_timeout and the transport's dial_timeout exclude", route.Backend{ConnectTimeout: time.Second, Transport: map[string]any{"dial_timeout": "2s"}}},
	} {
		tc.in.Name, tc.in.Addresses = "b", []string{"http://127.0.0.1:1"}
		wantProblem(t, tc.name, CheckBackend(&tc.in), tc.want)
	}
}

// wantProblem checks that the first problem, written "path: message", begins as wanted.
func wantProblem(t *testing.T, name string, found route.Problems, want string) {
	t.Helper()
	switch {
	case want == "" && len(found) > 0:
		t.Errorf("%s: %v", name, found)
	case want == "":
	case len(found) != 1 || !strings.HasPrefix(found[0].Path+": "+found[0].Message, want):
		t.Errorf("%s: got %+v, want %q", name, found, want)
	}
}

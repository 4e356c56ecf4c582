package circuitbreaker_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"

	"ficus/modules/circuitbreaker"
)

func adaptError(block string) error {
	_, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte("http://x {\nreverse_proxy "+block+"\n}\n"), nil)
	return err
}

func TestCaddyfileErrors(t *testing.T) {
	for _, tt := range []struct{ upstream, block, want string }{
		{"a:80", "nonsense", `unknown key "nonsense"`},
		{"a:80", "window", "wrong argument count"},
		{"a:80", "window 0", "no duration"},
		{"a:80", "window 10s\nwindow 5s", "window is given twice"},
		{"a:80", "min_requests many", `"many" is no number such as 20`},
		{"a:80", "min_requests 0.5", `"0.5" is no number such as 20`},
		{"a:80", "min_requests -1", `"-1" is no number such as 20`},
		{"a:80", "failure_ratio Inf", `"Inf" is no number such as 0.5`},
		{"a:80", "failure_ratio 50%", `"50%" is no number such as 0.5`},
		{"a:80", "retry 2", "wrong argument count"},
		{"a:80", "retry\nretry", "retry is given twice"},
		{"a:80", "retry {\n often\n}", `unknown key "often" (known: attempts, budget, max_wait, wait)`},
		{"a:80", "transport", "wrong argument count"},
		{"a:80", "transport pigeon", "transport.pigeon"},
		{"a:80", "transport http\ntransport http", "transport is given twice"},
		{"a:80", "transport http {\n nonsense\n}", "nonsense"},
		{"https://a", "transport fastcgi", "the transport fastcgi knows no TLS"},
		{"h2c://a", "transport fastcgi", "the transport fastcgi knows no HTTP/2"},
	} {
		err := adaptError(tt.upstream + " {\ntransport circuit_breaker {\n" + tt.block + "\n}\n}")
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.block, err, tt.want)
		}
	}
	if err := adaptError("a:80 {\ntransport circuit_breaker http\n}"); err == nil {
		t.Error("a word after the name is no error")
	}
}

func TestRanges(t *testing.T) {
	second := caddy.Duration(time.Second)
	for want, given := range map[string]circuitbreaker.Transport{
		"window 1ms is not between 1s and 10m0s":       {Window: second / 1000},
		"min_requests -1 is not between 1 and 1000000": {MinRequests: -1},
		"failure_ratio 1.5 is not above 0 and up to 1": {FailureRatio: 1.5},
		"failure_ratio -1 is not above 0":              {FailureRatio: -1},
		"open_for 1ms is not between 100ms":            {OpenFor: second / 1000},
		"slow 25h0m0s is not between 1ms":              {Slow: 25 * 3600 * second},
		"ramp -1s is not between 1ms":                  {Ramp: -second},
		"retry attempts 4 is not between 1 and 3":      {Retry: &circuitbreaker.Retry{Attempts: 4}},
		"retry wait 11s is not between":                {Retry: &circuitbreaker.Retry{Wait: 11 * second}},
		"retry max_wait 2m0s is not between":           {Retry: &circuitbreaker.Retry{MaxWait: 120 * second}},
		"retry budget 0.5 is not above 0 and up to":    {Retry: &circuitbreaker.Retry{Budget: 0.5}},
	} {
		if err := given.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if err := (&circuitbreaker.Transport{Retry: &circuitbreaker.Retry{}}).Validate(); err != nil {
		t.Error(err)
	}
	// Caddy asks, and nothing is left behind by a configuration that it refuses.
	var config caddy.Config
	if err := json.Unmarshal(adapt(t, "reverse_proxy a:80 {\ntransport circuit_breaker {\nwindow 1ms\n}\n}"), &config); err != nil {
		t.Fatal(err)
	}
	if err := caddy.Validate(&config); err == nil || !strings.Contains(err.Error(), "window 1ms") {
		t.Errorf("error %v", err)
	}
}

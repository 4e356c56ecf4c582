package schema

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/invopop/jsonschema"

	"ficus/gateway/route"
)

// resilienceRules are those of what keeps clients from noticing failures. A number of 0 is
// always taken, as if it were not there.
var resilienceRules = map[string]rule{
	"*.min_body_rate": upTo(route.MaxBodyRate, nil),
	"*.deadline":      pattern("^(" + fieldPattern + ")?$"),
	"*.idempotent":    byDefault(off),
	"*.max_replay":    upTo(route.MaxReplayLimit, new(route.Resilience).ReplayLimit()),
	"*.priority":      byDefault(route.NormalPriority.String()),

	"retry.attempts": upTo(3, retry.Attempts),
	"retry.status": func(key, _ *jsonschema.Schema) {
		key.Items.Enum, key.Default = []any{429, 500, 502, 503, 504}, retry.Status
	},
	"retry.wait":     lasts(retry.Wait),
	"retry.max_wait": lasts(retry.MaxWait),

	"fallback.enabled": byDefault(on),
	"fallback.status": func(key, _ *jsonschema.Schema) {
		key.Items.Minimum, key.Items.Maximum = json.Number("500"), json.Number("599")
		key.Default = route.Fallback{}.Filled().Status
	},
	"fallback.unsafe": byDefault(off),

	"ratelimit.burst":   upTo(1_000_000, nil),
	"ratelimit.by":      byDefault([]string{"claim:sub", "client_ip"}),
	"ratelimit.headers": byDefault(off),

	"fault.side":  byDefault(route.FaultyNew.String()),
	"fault.share": upTo(100, 100),
	"fault.header": func(key, _ *jsonschema.Schema) {
		key.PropertyNames = &jsonschema.Schema{Pattern: "^" + fieldPattern + "$"}
	},
	"fault.abort": upTo(599, nil),
	"fault.reset": byDefault(off),

	"shadow.share":    upTo(100, shadow.Share),
	"shadow.max_body": upTo(route.MaxShadowBody, shadow.MaxBody),
	"shadow.headers": func(key, _ *jsonschema.Schema) {
		key.Items.Pattern, key.Default = "^"+fieldPattern+"$", shadow.Headers
	},
	"shadow.ignore": func(key, _ *jsonschema.Schema) { key.Items.Pattern = "^/" },

	"health.path":     pattern("^(/[^ #]*)?$"),
	"health.every":    lasts(health.Every),
	"health.timeout":  lasts(health.Timeout),
	"health.status":   upTo(599, nil),
	"health.failures": upTo(100, health.Failures),
	"health.passes":   upTo(100, health.Passes),

	"breaker.window":        lasts(breaker.Window),
	"breaker.min_requests":  upTo(1_000_000, breaker.MinRequests),
	"breaker.failure_ratio": upTo(1, breaker.FailureRatio),
	"breaker.open_for":      lasts(breaker.OpenFor),
	"breaker.ramp":          lasts(breaker.Ramp),
	"breaker.eject_after":   upTo(1000, breaker.EjectAfter),

	"backend.max_inflight":    upTo(1_000_000, nil),
	"backend.adaptive":        byDefault(off),
	"backend.connect_timeout": lasts(route.DefaultConnectTimeout),
	"backend.idle_timeout":    lasts(route.DefaultIdleTimeout),
	"backend.slow_start":      lasts(10 * time.Second),
	"queue.size":              upTo(100_000, nil),
	"queue.timeout":           lasts(100 * time.Millisecond),
	"retrybudget.ratio":       upTo(0.2, budget.Ratio),
	"retrybudget.floor":       upTo(100, budget.Floor),

	"fallbacklimit.max_inflight": upTo(1_000_000, 512),
	"shadowlimit.max_inflight":   upTo(10_000, copies.MaxInflight),
	"shadowlimit.queue":          upTo(10_000, copies.Queue),
	"shadowlimit.timeout":        lasts(copies.Timeout),
}

var on, off = route.On.String(), route.Off.String()

// The defaults.
var (
	retry   = route.Retry{}.Filled()
	shadow  = route.Shadow{}.Filled()
	health  = route.Health{}.Filled()
	breaker = route.Breaker{}.Filled()
	budget  = route.RetryBudget{}.Filled()
	copies  = route.ShadowLimit{}.Filled()
)

// upTo is a number from 0 on; a default of nil is none.
func upTo(most float64, byDefault any) rule {
	return func(key, _ *jsonschema.Schema) {
		key.Minimum, key.Maximum = json.Number("0"), json.Number(strconv.FormatFloat(most, 'f', -1, 64))
		key.Default = byDefault
	}
}

// lasts is a time, by default so long.
func lasts(d time.Duration) rule { return byDefault(written(d)) }

// written is a time as people write it: 2m, not 2m0s.
func written(d time.Duration) string {
	if d >= time.Minute && d%time.Minute == 0 {
		return strconv.Itoa(int(d/time.Minute)) + "m"
	}
	return d.String()
}

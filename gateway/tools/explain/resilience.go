package explain

import (
	"cmp"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// Resilience says what becomes of the request where something is slow, fails or is
// flooded. Times that neither route nor backend give are left out.
type Resilience struct {
	Twice       bool     `json:"may_be_sent_twice"`
	Tries       int      `json:"tries,omitempty"`       // at most, on the new side, where it may serve
	RetryOn     []int    `json:"retry_on,omitempty"`    // answers that are tried again, with several tries
	FallbackOn  []int    `json:"fallback_on,omitempty"` // answers in whose place legacy answers
	MaxReplay   int      `json:"max_replay,omitempty"`  // bytes of body up to which it may be sent twice
	Timeout     string   `json:"timeout,omitempty"`
	TryTimeout  string   `json:"try_timeout,omitempty"`
	IdleTimeout string   `json:"idle_timeout,omitempty"`
	MinBodyRate int      `json:"min_body_rate,omitempty"` // bytes a second
	RateLimit   string   `json:"rate_limit,omitempty"`
	Priority    string   `json:"priority"`
	Copies      string   `json:"copies,omitempty"` // at stage shadow: where copies go
	Faults      []string `json:"faults,omitempty"` // what is broken on purpose
}

// resilience fills in what happens to a request that the last of the sides may serve.
func (a *Answer) resilience(table *routetable.Table, e *routetable.Entry, r *http.Request, sides []route.Side) {
	side := sides[len(sides)-1]
	backend, rules := table.Backend(e.BackendOf(side)), e.Resilience
	out := Resilience{
		Twice: mayBeSentTwice(rules, r), Priority: rules.Priority.String(), RateLimit: rateLimit(&rules.RateLimit),
		Timeout:     duration(rules.Timeout),
		TryTimeout:  duration(cmp.Or(rules.TryTimeout, backend.TryTimeout)),
		IdleTimeout: duration(cmp.Or(rules.IdleTimeout, backend.IdleTimeout)),
		MinBodyRate: rules.MinBodyRate,
		Copies:      copies(e, r),
	}
	for _, f := range rules.Faults {
		if slices.Contains(sides, f.Side.Side()) {
			out.Faults = append(out.Faults, f.String())
		}
	}
	a.Fallback = "none: where legacy fails, clients get the failure"
	if side == route.New {
		out.Tries = 1
		if out.Twice {
			retry := rules.Retry.Filled()
			out.Tries, out.MaxReplay = retry.Attempts, rules.ReplayLimit()
			if out.Tries > 1 {
				out.RetryOn = retry.Status
			}
		}
		a.Fallback, out.FallbackOn = fallback(e, r)
	}
	a.Resilience = out
}

// mayBeSentTwice is about what has left the gateway; what has not always may.
func mayBeSentTwice(rules *route.Resilience, r *http.Request) bool {
	return idempotent(rules, r) && !isGRPC(r) && r.Header.Get("Upgrade") == ""
}

func idempotent(rules *route.Resilience, r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true // RFC 9110, 9.2.2
	}
	return rules.Idempotent == route.On || len(r.Header["Idempotency-Key"]) > 0
}

func isGRPC(r *http.Request) bool {
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return r.Method == http.MethodPost && (media == "application/grpc" || strings.HasPrefix(media, "application/grpc+"))
}

// fallback says what answers where the new side fails, and which of its answers count as
// that.
func fallback(e *routetable.Entry, r *http.Request) (text string, on []int) {
	rules := e.Resilience.Fallback.Filled()
	switch {
	case e.Stage == route.StageRetired:
		return fmt.Sprintf("none at stage retired: where %s fails, clients get the failure", e.Backend), nil
	case rules.Enabled == route.Off:
		return fmt.Sprintf("none (fallback: off): where %s fails, clients get the failure", e.Backend), nil
	}
	twice := mayBeSentTwice(e.Resilience, r)
	text = fmt.Sprintf("legacy, where %s can't be asked", e.Backend)
	if !isGRPC(r) && (idempotent(e.Resilience, r) || rules.Unsafe == route.On) {
		on = rules.Status
	}
	if twice {
		text += ", or gives no answer"
	}
	if len(on) > 0 {
		text += ", or answers " + list(on)
	}
	if !twice {
		text += "; else clients get the failure, since it may not be sent twice"
	}
	return text, on
}

// copies says where copies of the request go at stage shadow, "" at the others.
func copies(e *routetable.Entry, r *http.Request) string {
	switch {
	case e.Stage != route.StageShadow:
		return ""
	case r.Method != http.MethodGet && r.Method != http.MethodHead, r.Header.Get("Upgrade") != "":
		return "none of this request: only GET and HEAD are copied, and no upgrades"
	}
	text := "go to " + e.Backend
	if share := e.Resilience.Shadow.Filled().Share; share < 100 {
		text += fmt.Sprintf(", of %g %% of such requests", share)
	}
	return text + "; their answers are compared and dropped"
}

// rateLimit is the limit in words: "300/m for each claim:sub or client_ip".
func rateLimit(l *route.RateLimit) string {
	if l.Rate.IsZero() {
		return ""
	}
	by := []string{"claim:sub", "client_ip"}
	if len(l.By) > 0 {
		by = nil
		for _, source := range l.By {
			by = append(by, source.String())
		}
	}
	text := fmt.Sprintf("%v for each %s", l.Rate, strings.Join(by, " or "))
	if l.Burst > 0 {
		text += fmt.Sprintf(", up to %d at once", l.Burst)
	}
	return text
}

func duration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// list writes statuses: "502, 503 or 504".
func list(statuses []int) string {
	var b strings.Builder
	for i, status := range statuses {
		switch {
		case i == 0:
		case i == len(statuses)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		fmt.Fprint(&b, status)
	}
	return b.String()
}

// resilience prints what is not as usual.
func (p *printer) resilience(r *Resilience) {
	if r.Copies != "" {
		p.row("copies", "%s", r.Copies)
	}
	if r.Tries > 1 {
		again := "where it gets no answer"
		if len(r.RetryOn) > 0 {
			again += ", or " + list(r.RetryOn)
		}
		p.row("tries", "%d at most, %s", r.Tries, again)
	}
	var times []string
	for _, t := range []struct{ text, what string }{{r.Timeout, "the request"}, {r.TryTimeout, "a try"}, {r.IdleTimeout, "a body that stands still"}} {
		if t.text != "" {
			times = append(times, t.text+" for "+t.what)
		}
	}
	if times != nil {
		p.row("timeouts", "%s", strings.Join(times, ", "))
	}
	if r.MinBodyRate > 0 {
		p.row("slow bodies", "408 below %d bytes a second", r.MinBodyRate)
	}
	if r.RateLimit != "" {
		p.row("rate limit", "%s", r.RateLimit)
	}
	if r.Priority != route.NormalPriority.String() {
		p.row("priority", "%s", r.Priority)
	}
	for _, f := range r.Faults {
		p.row("FAULT", "%s, if the Caddyfile allows it", f)
	}
}

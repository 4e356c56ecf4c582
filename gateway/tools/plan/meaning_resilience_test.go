package plan

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/route"
)

func TestMeaningOfResilience(t *testing.T) {
	at := func(stage route.Stage, change ...func(*route.Settings)) route.Settings {
		s := route.Settings{Stage: stage, Weight: 10, Backend: "cart"}
		for _, c := range change {
			c(&s)
		}
		return s
	}
	fallback := func(enabled, unsafe route.Switch) func(*route.Settings) {
		return func(s *route.Settings) { s.Fallback.Enabled, s.Fallback.Unsafe = enabled, unsafe }
	}
	idempotent := func(s *route.Settings) { s.Idempotent = route.On }
	times := func(timeout, try, idle time.Duration) func(*route.Settings) {
		return func(s *route.Settings) { s.Timeout, s.TryTimeout, s.IdleTimeout = timeout, try, idle }
	}
	rate := func(text string) func(*route.Settings) {
		return func(s *route.Settings) {
			if err := s.RateLimit.Rate.UnmarshalText([]byte(text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	priority := func(p route.Priority) func(*route.Settings) { return func(s *route.Settings) { s.Priority = p } }
	faults := func(f ...route.Fault) func(*route.Settings) { return func(s *route.Settings) { s.Faults = f } }
	legacy, shadow, canary, anew, retired := route.StageLegacy, route.StageShadow, route.StageCanary, route.StageNew, route.StageRetired
	for _, tc := range []struct {
		name     string
		old, new route.Settings
		want     []string
	}{
		{"shadow begins", at(legacy), at(shadow), []string{"no client changes sides", "copies of its safe requests go to cart"}},
		{"shadow of some", at(legacy), at(shadow, func(s *route.Settings) { s.Shadow.Share = 2.5 }),
			[]string{"no client changes sides", "copies of 2.5 % of its safe requests go to cart"}},
		{"shadow ends", at(shadow), at(legacy), []string{"no client changes sides", "no copies go to cart any more"}},
		{"from shadow to canary", at(shadow), at(canary), []string{"10 % of the clients move to new, none back", "no copies go to cart any more"}},
		{"from new to shadow", at(anew), at(shadow), []string{"moved back to legacy: all clients", "copies of its safe requests go to cart"}},
		{"shadow of another", at(shadow), at(shadow, func(s *route.Settings) { s.Backend = "b" }), []string{"copies go to b instead of cart"}},

		{"fallback off", at(anew), at(anew, fallback(route.Off, 0)), []string{"fallback off: where cart fails, clients get the failure"}},
		{"fallback on", at(anew, fallback(route.Off, 0)), at(anew, fallback(route.On, 0)), []string{"fallback on: where cart fails, legacy answers"}},
		{"fallback written out", at(anew), at(anew, fallback(route.On, route.Off)), nil},
		{"to new without fallback", at(legacy, fallback(route.Off, 0)), at(anew, fallback(route.Off, 0)),
			[]string{"moved to the new side: all clients", "fallback off: where cart fails, clients get the failure"}},
		{"fallback off where there is none", at(retired), at(retired, fallback(route.Off, route.On)), nil},
		{"unsafe", at(canary), at(canary, fallback(0, route.On)),
			[]string{"requests may run on cart and on legacy, whatever they change: unsafe is on"}},
		{"unsafe no more", at(canary, fallback(0, route.On)), at(canary), nil},
		{"idempotent", at(retired), at(retired, idempotent), []string{"requests may be sent twice, whatever they change: idempotent is on"}},
		{"idempotent at legacy", at(legacy), at(legacy, idempotent), nil},

		{"a timeout", at(legacy), at(legacy, times(time.Second, time.Second, time.Second)),
			[]string{"timeout shortened: requests that take longer than 1s fail"}},
		{"shorter", at(legacy, times(4*time.Second, 2*time.Second, time.Minute)), at(legacy, times(3*time.Second, time.Second, time.Second)), []string{
			"timeout shortened: requests that take longer than 3s fail", "try_timeout shortened: a try without an answer fails after 1s",
			"idle_timeout shortened: bodies that stand still are cut after 1s"}},
		{"longer", at(legacy, times(time.Second, time.Second, time.Second)), at(legacy, times(2*time.Second, 2*time.Second, 2*time.Second)), nil},
		{"no timeout", at(legacy, times(time.Second, 0, 0)), at(legacy), []string{"requests may take as long as they like"}},

		{"a limit", at(legacy), at(legacy, rate("10/s")), []string{"rate limit begins: a client that asks more often than 10/s gets 429"}},
		{"tightened", at(legacy, rate("10/s")), at(legacy, rate("300/m")), []string{"rate limit tightened: a client that asks more often than 300/m gets 429"}},
		{"loosened", at(legacy, rate("300/m")), at(legacy, rate("10/s")), []string{"rate limit loosened: a client that asks more often than 10/s gets 429"}},
		{"another spelling", at(legacy, rate("60/m")), at(legacy, rate("1/s")), nil},
		{"no limit", at(legacy, rate("10/s")), at(legacy), []string{"no rate limit any more"}},
		{"lower", at(legacy), at(legacy, priority(route.LowPriority)), []string{"refused earlier when the gateway is out of capacity"}},
		{"higher", at(legacy, priority(route.LowPriority)), at(legacy, priority(route.CriticalPriority)), []string{"refused later when the gateway is out of capacity"}},

		{"a rehearsal", at(anew), at(anew, faults(route.Fault{Abort: 503, Share: 10})),
			[]string{"a rehearsal: requests fail on purpose, if the Caddyfile allows it"}},
		{"no rehearsal", at(anew, faults(route.Fault{Abort: 503})), at(anew), []string{"the rehearsal ends: nothing is broken on purpose any more"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, meaning(unitOf(tc.old), unitOf(tc.new))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// A key counts as long as it says something at the stage; to write a default out is no
// change.
func TestWhatRequestsNotice(t *testing.T) {
	for _, tc := range []struct {
		change func(*route.Settings)
		want   []string // the changed keys at the stages from legacy to retired, "" for none
	}{
		{func(s *route.Settings) { s.Retry.Attempts = 3 }, []string{"", "", "retry.attempts", "retry.attempts", "retry.attempts"}},
		{func(s *route.Settings) { s.Idempotent = route.On }, []string{"", "", "idempotent", "idempotent", "idempotent"}},
		{func(s *route.Settings) { s.Fallback.Status = []int{500} }, []string{"", "", "fallback.status", "fallback.status", ""}},
		{func(s *route.Settings) { s.Shadow.Ignore = []string{"/at"} }, []string{"", "shadow.ignore", "", "", ""}},
		{func(s *route.Settings) { s.Backend = "b" }, []string{"", "backend", "backend", "backend", "backend"}},
		{func(s *route.Settings) { s.Timeout = time.Second }, []string{"timeout", "timeout", "timeout", "timeout", "timeout"}},
		{func(s *route.Settings) { s.Faults = []route.Fault{{Delay: time.Second}} }, []string{"faults", "faults", "faults", "faults", "faults"}},
		{func(s *route.Settings) {
			s.Retry.Attempts, s.Retry.Status, s.Fallback.Enabled, s.Idempotent = 2, []int{504, 502, 503}, route.On, route.Off
			s.Shadow.Headers, s.MaxReplay, s.RateLimit.Headers = []string{"content-type"}, 65536, route.Off
		}, []string{"", "", "", "", ""}},
	} {
		for i, stage := range route.Stages {
			s := route.Settings{Stage: stage, Backend: "a"}
			edited := s
			tc.change(&edited)
			got := ""
			for _, c := range changes(versioned(t, s).treatment(), versioned(t, edited).treatment()) {
				got += c.Property
			}
			if got != tc.want[i] {
				t.Errorf("at stage %s the keys %q change, want %q", stage, got, tc.want[i])
			}
		}
	}
}

// versioned is a route in a table of its own.
func versioned(t *testing.T, s route.Settings) *unit {
	t.Helper()
	v := versionOf(verdictOf(t, route.Definition{ID: "r", Match: "/a", Settings: s}))
	return v.byID["r"]
}

func TestMeaningOfBackends(t *testing.T) {
	base := route.Backend{Name: "cart", Addresses: []string{"http://a", "http://b"}}
	const stay = "the addresses that stay keep their connections"
	for _, tc := range []struct {
		name   string
		change func(*route.Backend)
		want   []string
	}{
		{"an address more", func(b *route.Backend) { b.Addresses = append(b.Addresses, "http://c") }, []string{stay}},
		{"an address less", func(b *route.Backend) { b.Addresses = b.Addresses[:1] }, []string{stay}},
		{"another drain", func(b *route.Backend) { b.Drain = time.Minute }, nil},
		{"another transport", func(b *route.Backend) { b.Transport = map[string]any{"versions": []any{"2"}} }, []string{"its connections are made anew"}},
		{"another time to connect, and an address more", func(b *route.Backend) {
			b.ConnectTimeout, b.Addresses = time.Second, append(b.Addresses, "http://c")
		}, []string{"its connections are made anew"}},
		{"breaker off", func(b *route.Backend) { b.Breaker.Enabled = route.Off }, []string{"breaker off: cart is asked however often it fails"}},
		{"limited", func(b *route.Backend) { b.MaxInflight = 64 },
			[]string{"limited to 64 requests at a time: those that find the queue full fall back, or get 503"}},
		{"asked", func(b *route.Backend) { b.Health.Path = "/healthz" },
			[]string{"each address is asked for /healthz every 5s, and gets no requests while it fails"}},
		{"another window", func(b *route.Backend) { b.Breaker.Window = time.Minute }, []string{"its breaker begins anew, closed"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			edited := base
			tc.change(&edited)
			if diff := cmp.Diff(tc.want, meaningBetween(base, edited)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	written := base
	written.Breaker, written.Health = written.Breaker.Filled(), written.Health.Filled()
	written.Breaker.Enabled, written.ConnectTimeout, written.SlowStart = route.On, route.DefaultConnectTimeout, 10*time.Second
	if got := meaningBetween(base, written); got != nil {
		t.Errorf("defaults written out: %q", got)
	}
	drained := base
	drained.Drain = time.Minute
	less := drained
	less.Addresses = less.Addresses[:1]
	if diff := cmp.Diff([]string{stay, "streams on http://b end after 1m0s"}, meaningBetween(drained, less)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	back := route.Backend{Name: "cart", Breaker: route.Breaker{Enabled: route.Off}, Health: route.Health{Path: "/healthz"}}
	want := []string{"breaker on: while cart fails, it is asked no more", "addresses are asked no more whether they can serve"}
	if diff := cmp.Diff(want, meaningBetween(back, route.Backend{Name: "cart"})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func meaningBetween(a, b route.Backend) []string {
	var was, is []property
	flatten(reflect.ValueOf(backendOf(a)), "", &was)
	flatten(reflect.ValueOf(backendOf(b)), "", &is)
	changed := changes(was, is)
	if len(changed) == 0 {
		return nil
	}
	return meaningOfBackend(a, b, changed)
}

package limit

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"ficus/gateway/route"
)

func perSecond(n, burst int) *Rule {
	return NewRule("a", &route.RateLimit{Rate: route.Rate{Events: n, Per: time.Second}, Burst: burst})
}

func from(ip string) Client {
	return Client{IP: ip, Request: &http.Request{}, Claim: func(string) string { return "" }}
}

func TestTake(t *testing.T) {
	now := time.Now()
	b, r := NewBuckets(now), perSecond(10, 3)
	for i, want := range []struct {
		after   time.Duration
		verdict Verdict
		retry   string
	}{
		{0, Verdict{Left: 2, Reset: 100 * time.Millisecond}, "1"},
		{0, Verdict{Left: 1, Reset: 200 * time.Millisecond}, "1"},
		{0, Verdict{Left: 0, Reset: 300 * time.Millisecond}, "1"},
		{0, Verdict{Refused: true, Reset: 100 * time.Millisecond}, "1"},
		{99 * time.Millisecond, Verdict{Refused: true, Reset: time.Millisecond}, "1"},
		{time.Millisecond, Verdict{Left: 0, Reset: 300 * time.Millisecond}, "1"},
		{-50 * time.Millisecond, Verdict{Refused: true, Reset: 150 * time.Millisecond}, "1"}, // overtaken by the one before
		{250 * time.Millisecond, Verdict{Left: 1, Reset: 200 * time.Millisecond}, "1"},
		{time.Hour, Verdict{Left: 2, Reset: 100 * time.Millisecond}, "1"},
	} {
		now = now.Add(want.after)
		got := b.Take(r, from("192.0.2.1"), now)
		if got != want.verdict || got.RetryAfter() != want.retry {
			t.Errorf("%d: got %+v, retry after %s", i, got, got.RetryAfter())
		}
	}
	if v := b.Take(perSecond(10, 3), from("192.0.2.2"), now); v.Refused || v.Left != 2 {
		t.Errorf("another client: %+v", v)
	}
}

func TestRetryAfterIsWholeSeconds(t *testing.T) {
	now := time.Now()
	b, r := NewBuckets(now), NewRule("a", &route.RateLimit{Rate: route.Rate{Events: 2, Per: time.Minute}})
	b.Take(r, from("192.0.2.1"), now)
	for after, want := range map[time.Duration]string{0: "30", time.Millisecond: "30", 29*time.Second + 1: "1"} {
		if got := b.Take(r, from("192.0.2.1"), now.Add(after)); !got.Refused || got.RetryAfter() != want {
			t.Errorf("after %v: %+v, %s, want %s", after, got, got.RetryAfter(), want)
		}
	}
}

// Whatever many clients at once do, each gets its burst and then one token per interval:
// not one more, not one fewer.
func TestExactUnderConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const clients, askers, burst, rate, lasting = 5, 8, 20, 100, 4 // seconds
		b, r := NewBuckets(time.Now()), perSecond(rate, burst)
		var granted [clients]atomic.Int64
		var all sync.WaitGroup
		for c := range clients {
			ip := fmt.Sprintf("192.0.2.%d", c)
			for range askers {
				all.Go(func() {
					for end := time.Now().Add(lasting * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
						if !b.Take(r, from(ip), time.Now()).Refused {
							granted[c].Add(1)
						}
					}
				})
			}
		}
		all.Wait()
		for c := range clients {
			if got, want := granted[c].Load(), int64(burst+rate*lasting-1); got != want { // the last comes due when all is over
				t.Errorf("client %d got %d tokens, want %d", c, got, want)
			}
		}
	})
}

// In no span of time does anyone get more than the burst and what came in meanwhile, and
// who is refused would not have stayed below that. Clocks may be read out of order.
func TestNeverMoreThanTheRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate, burst := rapid.IntRange(1, 1000).Draw(t, "rate"), rapid.IntRange(1, 50).Draw(t, "burst")
		start := time.Now()
		b, r := NewBuckets(start), perSecond(rate, burst)
		at, latest := time.Duration(0), time.Duration(0)
		var grants []time.Duration
		for range rapid.IntRange(1, 200).Draw(t, "requests") {
			at = max(0, at+time.Duration(rapid.IntRange(-20, 100).Draw(t, "ms"))*time.Millisecond)
			latest = max(latest, at)
			if !b.Take(r, from("192.0.2.1"), start.Add(at)).Refused {
				grants = append(grants, latest)
			}
		}
		for i := range grants {
			for j := i; j < len(grants); j++ {
				span := grants[j] - grants[i]
				if n, most := j-i+1, burst+int(int64(span)/r.every); n > most {
					t.Fatalf("%d tokens within %v, at most %d may be", n, span, most)
				}
			}
		}
	})
}

// stranger is the hash of a client that asks once.
func stranger(i int) uint64 { return uint64(i) * 0x9e3779b97f4a7c15 }

// A flood of addresses costs bounded memory, and neither frees a client that is being
// limited nor touches one that asks now and then.
func TestFloodOfAddresses(t *testing.T) {
	now := time.Now()
	b, r := NewBuckets(now), perSecond(1, 5)
	abuser := 0
	for i := range 1_000_000 {
		if b.take(r, stranger(i), now).Refused {
			t.Fatalf("client %d is refused at once", i)
		}
		if i%100 == 0 && !b.Take(r, from("192.0.2.1"), now).Refused {
			abuser++
		}
		now = now.Add(time.Microsecond)
	}
	if n := b.Len(); n > MaxKeys || n < MaxKeys*9/10 {
		t.Errorf("%d keys, at most %d may be", n, MaxKeys)
	}
	if most := 5 + 1; abuser > most {
		t.Errorf("a client got %d requests through in a second, at most %d may be", abuser, most)
	}
	for i := range MaxKeys / 4 { // an hour later all are full again, and make room for any
		b.take(r, stranger(-i), now.Add(time.Hour))
	}
	if n := b.Len(); n > MaxKeys {
		t.Errorf("%d keys, at most %d may be", n, MaxKeys)
	}
}

// Buckets that are full again are forgotten in passing.
func TestFullBucketsAreForgotten(t *testing.T) {
	now := time.Now()
	b, r := NewBuckets(now), perSecond(100, 1)
	for i := range 200_000 {
		now = now.Add(time.Millisecond) // at any time ten are not full
		b.take(r, stranger(i), now)
	}
	if n := b.Len(); n > 5000 {
		t.Errorf("%d keys are kept of clients that have gone", n)
	}
}

func TestClients(t *testing.T) {
	request := func(header ...string) *http.Request {
		r := httptest.NewRequest("GET", "/", nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Add(header[i], header[i+1])
		}
		return r
	}
	user := func(id string) func(string) string {
		return func(claim string) string {
			if claim == "sub" {
				return id
			}
			return ""
		}
	}
	by := func(text ...string) []route.Source {
		sources := make([]route.Source, len(text))
		for i := range text {
			if err := sources[i].UnmarshalText([]byte(text[i])); err != nil {
				t.Fatal(err)
			}
		}
		return sources
	}
	for _, tc := range []struct {
		name string
		by   []route.Source
		a, b Client
		same bool
	}{
		{"addresses", nil, Client{"192.0.2.1", request(), user("")}, Client{"192.0.2.2", request(), user("")}, false},
		{"one address, two users", nil, Client{"192.0.2.1", request(), user("ann")}, Client{"192.0.2.1", request(), user("bob")}, false},
		{"one user, two addresses", nil, Client{"192.0.2.1", request(), user("ann")}, Client{"192.0.2.2", request(), user("ann")}, true},
		{"user and nobody", nil, Client{"192.0.2.1", request(), user("ann")}, Client{"192.0.2.1", request(), user("")}, false},
		{"a user called like an address", nil, Client{"192.0.2.1", request(), user("192.0.2.2")}, Client{"192.0.2.2", request(), user("")}, false},
		{"one network", nil, Client{"2001:db8::1", request(), user("")}, Client{"2001:db8::ffff:1", request(), user("")}, true},
		{"two networks", nil, Client{"2001:db8::1", request(), user("")}, Client{"2001:db8:0:1::1", request(), user("")}, false},
		{"IPv4 written as IPv6", nil, Client{"::ffff:192.0.2.1", request(), user("")}, Client{"192.0.2.1", request(), user("")}, true},
		{"two IPv4 written as IPv6", nil, Client{"::ffff:192.0.2.1", request(), user("")}, Client{"::ffff:192.0.2.2", request(), user("")}, false},
		{"a zone", nil, Client{"fe80::1%eth0", request(), user("")}, Client{"fe80::1%eth1", request(), user("")}, true},
		{"header", by("header:X-Key"), Client{"192.0.2.1", request("X-Key", "a"), nil}, Client{"192.0.2.2", request("X-Key", "a"), nil}, true},
		{"another header", by("header:X-Key"), Client{"192.0.2.1", request("X-Key", "a"), nil}, Client{"192.0.2.1", request("X-Key", "b"), nil}, false},
		{"cookie", by("cookie:s"), Client{"192.0.2.1", request("Cookie", "s=a"), nil}, Client{"192.0.2.2", request("Cookie", "t=1; s=a"), nil}, true},
		{"without what is asked for", by("header:X-Key"), Client{"192.0.2.1", request(), nil}, Client{"192.0.2.2", request(), nil}, false},
		{"header and cookie that say the same", by("header:k", "cookie:k"), Client{"", request("K", "v"), nil}, Client{"", request("Cookie", "k=v"), nil}, false},
	} {
		b := NewBuckets(time.Now())
		r := NewRule("a", &route.RateLimit{Rate: route.Rate{Events: 1, Per: time.Second}, By: tc.by})
		if same := b.key(r, tc.a) == b.key(r, tc.b); same != tc.same {
			t.Errorf("%s: the same client: %v", tc.name, same)
		}
	}
}

// Limits that say the same of a route share their buckets, over any edit of the table;
// another route or another rate has its own.
func TestRulesShareBuckets(t *testing.T) {
	now := time.Now()
	b := NewBuckets(now)
	l := route.RateLimit{Rate: route.Rate{Events: 1, Per: time.Hour}}
	b.Take(NewRule("a", &l), from("192.0.2.1"), now)
	same, faster := l, l
	same.Headers, faster.Rate.Events = route.On, 2
	for name, tc := range map[string]struct {
		rule    *Rule
		refused bool
	}{
		"the same": {NewRule("a", &same), true}, "another route": {NewRule("b", &l), false}, "another rate": {NewRule("a", &faster), false},
	} {
		if got := b.Take(tc.rule, from("192.0.2.1"), now); got.Refused != tc.refused {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestTell(t *testing.T) {
	for _, tc := range []struct {
		limit  route.RateLimit
		v      Verdict
		policy string
		left   string
	}{
		{route.RateLimit{Rate: route.Rate{Events: 10, Per: time.Second}, Headers: route.On}, Verdict{Left: 3, Reset: 700 * time.Millisecond}, `"gateway";q=10;w=1`, `"gateway";r=3;t=1`},
		{route.RateLimit{Rate: route.Rate{Events: 300, Per: time.Minute}, Burst: 100, Headers: route.On}, Verdict{Refused: true, Reset: 1500 * time.Millisecond}, `"gateway";q=100;w=20`, `"gateway";r=0;t=2`},
		{route.RateLimit{Rate: route.Rate{Events: 10, Per: time.Hour}, Headers: route.On}, Verdict{}, `"gateway";q=1;w=360`, `"gateway";r=0;t=1`},
		{route.RateLimit{Rate: route.Rate{Events: 10, Per: time.Second}}, Verdict{Left: 3}, "", ""},
		{route.RateLimit{}, Verdict{}, "", ""},
	} {
		h := http.Header{}
		NewRule("a", &tc.limit).Tell(tc.v, h.Add)
		if h.Get("RateLimit-Policy") != tc.policy || h.Get("RateLimit") != tc.left {
			t.Errorf("%+v: got %v", tc.limit, h)
		}
	}
}

func TestAsksWho(t *testing.T) {
	l := route.RateLimit{Rate: route.Rate{Events: 1, Per: time.Second}}
	byIP := l
	byIP.By = []route.Source{{Kind: route.FromClientIP}}
	if !NewRule("a", &l).AsksWho() || NewRule("a", &byIP).AsksWho() || NewRule("a", &route.RateLimit{}).AsksWho() {
		t.Error("wrong")
	}
}

func BenchmarkTake(b *testing.B) {
	for _, known := range []bool{true, false} {
		b.Run(map[bool]string{true: "known", false: "flood"}[known], func(b *testing.B) {
			buckets, r := NewBuckets(time.Now()), perSecond(1, 5)
			ips := []string{"192.0.2.1"}
			if !known {
				ips = make([]string, 1<<20)
				for i := range ips {
					ips[i] = fmt.Sprintf("2001:db8:%x:%x::1", i>>16, i&0xffff)
				}
			}
			client := from("")
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				client.IP = ips[i%len(ips)]
				buckets.Take(r, client, time.Now())
			}
		})
	}
}

func BenchmarkTakeParallel(b *testing.B) {
	buckets, r, client := NewBuckets(time.Now()), perSecond(1, 5), from("192.0.2.1")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			buckets.Take(r, client, time.Now())
		}
	})
}

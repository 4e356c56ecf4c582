package pipeline

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ficus/gateway/route"
)

// Whatever the sides do, each request is answered, is sent three times at most, and comes
// in full at most once if it may not be sent twice: on both sides together.
func TestRandomFailures(t *testing.T) {
	other, monolith := newTroubled(t, "200"), newTroubled(t, "200")
	g := newGateway(t, monolith.url, other.url)
	failures := []string{"200", "200", "500", "502", "503", resetAtHeaders, resetMidway, resetAtEnd}
	requests := 0
	rapid.Check(t, func(rt *rapid.T) {
		settings := route.Settings{Stage: rapid.SampledFrom([]route.Stage{route.StageNew, route.StageRetired}).Draw(rt, "stage")}
		settings.Retry = route.Retry{Attempts: rapid.IntRange(1, 3).Draw(rt, "attempts"), Wait: time.Millisecond, MaxWait: time.Millisecond}
		breaker := route.Breaker{Enabled: rapid.SampledFrom([]route.Switch{route.On, route.Off}).Draw(rt, "breaker"), MinRequests: 3, OpenFor: 100 * time.Millisecond}
		g.serve(t, route.Backend{Addresses: []string{monolith.url}}, route.Backend{Addresses: []string{other.url}, Breaker: breaker}, settings)
		script := func(name string) func(*http.Request) string {
			list := rapid.SliceOfN(rapid.SampledFrom(failures), 1, 8).Draw(rt, name)
			i := 0
			return func(*http.Request) string { i++; return list[i%len(list)] }
		}
		other.does(script("new"))
		monolith.does(script("legacy"))
		for range 5 {
			requests++
			a := rapid.SampledFrom(all).Draw(rt, "asked")
			path := fmt.Sprintf("/%d", requests)
			r, err := http.NewRequest(a.method, g.server.URL+path, strings.NewReader(strings.Repeat("x", max(a.length, 0))))
			if err != nil {
				rt.Fatal(err)
			}
			for _, h := range a.header {
				name, value, _ := strings.Cut(h, ": ")
				r.Header.Set(name, value)
			}
			r.GetBody = nil
			response, err := g.server.Client().Do(r)
			if err != nil {
				rt.Fatalf("%s was not answered: %v", a.name, err)
			}
			_, _ = io.Copy(io.Discard, response.Body)
			response.Body.Close()
			begun, whole := countOf(path, other, monolith)
			if most := btoi(!slices.Contains([]string{get.name, put.name, putBig.name, postKey.name}, a.name)); most == 1 && (whole > 1 || begun > 1) || begun > 3 {
				rt.Fatalf("%s began %d times and came in full %d times", a.name, begun, whole)
			}
		}
	})
}

// countOf counts the requests of a path on both sides.
func countOf(path string, sides ...*troubled) (begun, whole int) {
	for _, side := range sides {
		b, w := side.got()
		for _, one := range b {
			begun += btoi(strings.HasSuffix(one, " "+path))
		}
		for _, one := range w {
			whole += btoi(strings.Contains(one, " "+path+" "))
		}
	}
	return begun, whole
}

// When everything fails, retries end with the budget: ten, and a tenth of the requests.
func TestRetryBudget(t *testing.T) {
	other := newTroubled(t, "503")
	g := newGateway(t, newBackend(t, "legacy", nil), other.url)
	g.serve(t, g.Table().Backends[0], route.Backend{
		Addresses: []string{other.url}, Breaker: route.Breaker{Enabled: route.Off}, RetryBudget: route.RetryBudget{Floor: .000001},
	}, route.Settings{Stage: route.StageRetired, Resilience: route.Resilience{Retry: route.Retry{Attempts: 3, Wait: time.Millisecond}}})
	const n = 100
	for range n {
		g.ask(t, "GET", -1)
	}
	if begun, _ := other.got(); len(begun) < n+10 || len(begun) > n+10+n/10 {
		t.Errorf("%d requests were sent %d times", n, len(begun))
	}
	if g.value(t, "ficus_retry_budget_exhausted_total") == 0 || g.value(t, "ficus_retries_total") < 10 {
		t.Error("the metrics do not say so")
	}
	// The budget is the backend's, whatever else of the table changes.
	g.serve(t, g.Table().Backends[0], route.Backend{
		Addresses: []string{other.url}, Breaker: route.Breaker{Enabled: route.Off}, RetryBudget: route.RetryBudget{Floor: .000001},
	}, route.Settings{Stage: route.StageRetired, Owner: "somebody else"})
	before, _ := other.got()
	for range 5 {
		g.ask(t, "GET", -1)
	}
	if after, _ := other.got(); len(after) > len(before)+6 {
		t.Errorf("after an edit 5 requests were sent %d times", len(after)-len(before))
	}
}

// A Retry-After is waited for, if the route has so much time.
func TestRetryAfter(t *testing.T) {
	var mu sync.Mutex
	var times []time.Time
	other := newBackend(t, "", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if times = append(times, time.Now()); len(times)%2 == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(503)
		}
	})
	g := newGateway(t, newBackend(t, "legacy", nil), other)
	settings := route.Settings{Stage: route.StageRetired, Resilience: route.Resilience{Retry: route.Retry{Wait: time.Millisecond}}}
	g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{other}}, settings)
	if status, _ := g.ask(t, "GET", -1); status != 200 || len(times) != 2 || times[1].Sub(times[0]) < time.Second {
		t.Errorf("got %d after %v", status, times)
	}
	settings.Timeout = 900 * time.Millisecond
	g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{other}}, settings)
	if status, _ := g.ask(t, "GET", -1); status != 503 || len(times) != 3 {
		t.Errorf("with less time than that: %d after %d tries", status, len(times)-2)
	}
}

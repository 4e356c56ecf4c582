package faults

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"ficus/gateway/gatewaytest"
)

const (
	loadRate       = 500 // requests a second
	connectTimeout = 250 * time.Millisecond
	openFor        = time.Second
	ramp           = 3 * time.Second
)

// A new service is killed under load and comes back. Nobody who may ask twice sees it; no
// POST is sent twice; and the new side gets its traffic back little by little.
func TestKilledUnderLoad(t *testing.T) {
	a := startAttack(t)
	gatewaytest.Await(t, "a second of load", func() bool { return a.fresh.len() > loadRate })

	a.service.kill()
	a.killed = time.Now()
	gatewaytest.Await(t, "the breaker to open", func() bool { return readMetrics(a.gateway).breaker("shop") == "open" })
	if took := time.Since(a.killed); took > time.Second {
		t.Errorf("the breaker opened %v after the service was killed", took)
	}
	before := a.old.len()
	gatewaytest.Await(t, "two seconds of legacy", func() bool { return a.old.len() > before+2*loadRate })

	a.back = time.Now()
	a.service = startChild(t, a.service.address, a.fresh)
	gatewaytest.Await(t, "the breaker to close", func() bool { return readMetrics(a.gateway).breaker("shop") == "closed" })
	before = a.fresh.len()
	gatewaytest.Await(t, "all traffic to be back", func() bool { return a.fresh.len() > before+2*loadRate })

	results := a.stop()
	a.service.kill() // so that all that it got is counted
	a.checkAnswers(t, results)
	a.checkPosts(t, results)
	a.checkReturn(t, results)
	a.checkLatency(t, results)
}

// An attack is a gateway under constant load, and what came of it.
type attack struct {
	gateway    *gatewaytest.Gateway
	service    *child
	fresh, old *counts
	next       atomic.Int64 // number of the next request

	attacker *vegeta.Attacker
	results  chan []vegeta.Result

	killed, back time.Time
}

func startAttack(t *testing.T) *attack {
	a := &attack{fresh: newCounts(), old: newCounts(), results: make(chan []vegeta.Result, 1)}
	legacy := httptest.NewServer(worker("legacy", ledger{a.old.begin, a.old.finish}))
	t.Cleanup(legacy.Close)
	a.service = startChild(t, gatewaytest.FreeAddress(t), a.fresh)
	a.gateway = startGateway(t, fmt.Sprintf(`backends:
  legacy: { addresses: [%q] }
  shop:
    addresses: ["http://%s"]
    connect_timeout: %v
    breaker: { open_for: %v, ramp: %v }
routes:
  - { id: shop, match: /, policy: public, backend: shop, stage: new }
`, legacy.URL, a.service.address, connectTimeout, openFor, ramp))
	a.attacker = vegeta.NewAttacker(vegeta.Client(a.gateway.Client()), vegeta.MaxWorkers(loadRate))
	t.Cleanup(func() { a.attacker.Stop() })
	results := a.attacker.Attack(a.target, vegeta.ConstantPacer{Freq: loadRate, Per: time.Second}, 0, "")
	go func() {
		var all []vegeta.Result
		for r := range results {
			all = append(all, *r)
		}
		a.results <- all
	}()
	return a
}

// methods is the mix: half of it reads, a quarter may be sent twice, a quarter may not.
var methods = [...]string{"GET", "PUT", "GET", "POST"}

var kilobyte = bytes.Repeat([]byte("x"), 1024)

func (a *attack) target(t *vegeta.Target) error {
	n := a.next.Add(1)
	id := fmt.Sprint(n)
	*t = vegeta.Target{Method: methods[n%int64(len(methods))], URL: a.gateway.URL + "/" + id, Header: http.Header{idHeader: {id}}}
	if t.Method != "GET" {
		t.Body = kilobyte
	}
	return nil
}

// stop ends the load and returns all results in the order in which requests were sent.
func (a *attack) stop() []vegeta.Result {
	a.attacker.Stop()
	all := <-a.results
	slices.SortFunc(all, func(x, y vegeta.Result) int { return x.Timestamp.Compare(y.Timestamp) })
	return all
}

// checkAnswers: what may be sent twice never failed, and a POST only with the service.
func (a *attack) checkAnswers(t *testing.T, results []vegeta.Result) {
	failed := 0
	for _, r := range results {
		if r.Code == 200 {
			continue
		}
		failed++
		ended := r.Timestamp.Add(r.Latency)
		if r.Method != "POST" || r.Code != 502 || r.Timestamp.After(a.killed.Add(time.Second)) || ended.Before(a.killed.Add(-time.Second)) {
			t.Errorf("%s at %v: %d %s", r.Method, r.Timestamp.Sub(a.killed), r.Code, r.Error)
		}
	}
	t.Logf("%d requests, of which %d failed: POSTs that the service had got when it was killed", len(results), failed)
	if failed > loadRate*int(working)/int(time.Second)*len(methods)+20 {
		t.Errorf("%d failures are more than were under way", failed)
	}
}

// checkPosts: a POST is sent once, and once in full if it was answered.
func (a *attack) checkPosts(t *testing.T, results []vegeta.Result) {
	for _, r := range results {
		if r.Method != "POST" {
			continue
		}
		id := r.URL[strings.LastIndexByte(r.URL, '/')+1:]
		sent := a.fresh.of(id).plus(a.old.of(id))
		if sent.begun > 1 || r.Code == 200 && sent.whole != 1 {
			t.Errorf("POST %s, answered %d, was sent %d times and arrived %d times", id, r.Code, sent.begun, sent.whole)
		}
	}
}

// checkReturn: the new side's share grows over the ramp.
func (a *attack) checkReturn(t *testing.T, results []vegeta.Result) {
	first := slices.IndexFunc(results, func(r vegeta.Result) bool {
		return r.Timestamp.After(a.back) && string(r.Body) == "new"
	})
	if first < 0 {
		t.Fatal("nothing came back")
	}
	const parts = 5
	var fresh, all [parts + 1]float64
	for _, r := range results[first:] {
		i := min(int(r.Timestamp.Sub(results[first].Timestamp)/(ramp/parts)), parts)
		all[i]++
		if string(r.Body) == "new" {
			fresh[i]++
		}
	}
	var share [parts + 1]float64
	for i := range share {
		share[i] = fresh[i] / all[i]
	}
	t.Logf("the new side's share in each fifth of the ramp, and after it: %.2f", share)
	for i := range parts {
		if share[i] > float64(i+1)/parts+0.2 {
			t.Errorf("a share of %.2f in fifth %d of the ramp", share[i], i+1)
		}
		if share[i+1] < share[i]-0.1 {
			t.Errorf("the share falls from %.2f to %.2f", share[i], share[i+1])
		}
	}
	if share[parts] < 0.95 {
		t.Errorf("a share of %.2f after the ramp", share[parts])
	}
}

// checkLatency: who asks while the service is down waits little longer than before.
func (a *attack) checkLatency(t *testing.T, results []vegeta.Result) {
	var usual, outage vegeta.Metrics
	for _, r := range results {
		switch {
		case r.Timestamp.Before(a.killed.Add(-50 * time.Millisecond)):
			usual.Add(&r)
		case r.Timestamp.Before(a.back):
			outage.Add(&r)
		}
	}
	usual.Close()
	outage.Close()
	t.Logf("p99 %v before, %v in the outage; p50 %v and %v", usual.Latencies.P99, outage.Latencies.P99, usual.Latencies.P50, outage.Latencies.P50)
	// On a machine with other work a p99 of a second says little below some time.
	if limit := 3*max(usual.Latencies.P99, 50*time.Millisecond)/2 + connectTimeout; outage.Latencies.P99 > limit {
		t.Errorf("a p99 of %v in the outage, more than %v", outage.Latencies.P99, limit)
	}
}

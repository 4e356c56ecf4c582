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
	controlRate    = 25  // past the gateway, straight to legacy
	tooBusy        = 50 * time.Millisecond
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
	took := time.Since(a.killed)
	t.Logf("the breaker opened %v after the service was killed", took)
	if took > time.Second {
		t.Error("which is too late")
	}
	before := a.old.len()
	gatewaytest.Await(t, "two seconds of legacy", func() bool { return a.old.len() > before+2*loadRate })

	a.back = time.Now()
	a.service = startChild(t, a.service.address, a.fresh)
	gatewaytest.Await(t, "the ramp to end", func() bool {
		m := readMetrics(a.gateway)
		return m.breaker("shop") == "closed" && m[`ficus_backend_breaker_share_ratio{backend="shop"}`] == "1"
	})
	a.restored = time.Now()
	before = a.fresh.len()
	gatewaytest.Await(t, "some requests after that", func() bool { return a.fresh.len() > before+loadRate/2 })

	results := a.load.stop()
	a.service.kill() // so that all that it got is counted
	a.checkAnswers(t, results)
	a.checkPosts(t, results)
	a.checkReturn(t, results)
	a.checkLatency(t, results, a.control.stop())
}

// An attack is a gateway under constant load, and what came of it.
type attack struct {
	gateway    *gatewaytest.Gateway
	service    *child
	fresh, old *counts
	next       atomic.Int64 // number of the next request

	load, control *load

	killed, back, restored time.Time
}

// A load is requests at a constant rate, until it is stopped.
type load struct {
	attacker *vegeta.Attacker
	results  chan []vegeta.Result
}

func startLoad(t *testing.T, rate int, client *http.Client, target vegeta.Targeter) *load {
	l := &load{vegeta.NewAttacker(vegeta.Client(client), vegeta.MaxWorkers(loadRate)), make(chan []vegeta.Result, 1)}
	t.Cleanup(func() { l.attacker.Stop() })
	results := l.attacker.Attack(target, vegeta.ConstantPacer{Freq: rate, Per: time.Second}, 0, "")
	go func() {
		var all []vegeta.Result
		for r := range results {
			all = append(all, *r)
		}
		slices.SortFunc(all, func(x, y vegeta.Result) int { return x.Timestamp.Compare(y.Timestamp) })
		l.results <- all
	}()
	return l
}

// stop ends the load and returns all results in the order in which requests were sent.
func (l *load) stop() []vegeta.Result {
	l.attacker.Stop()
	return <-l.results
}

func startAttack(t *testing.T) *attack {
	a := &attack{fresh: newCounts(), old: newCounts()}
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
	a.load = startLoad(t, loadRate, a.gateway.Client(), a.target)
	a.control = startLoad(t, controlRate, http.DefaultClient, vegeta.NewStaticTargeter(vegeta.Target{Method: "GET", URL: legacy.URL}))
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

// checkAnswers: what may be sent twice never failed, and a POST only with the service: it
// was under way, or on a connection of which the gateway had not yet heard that it is gone.
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

// checkReturn: the new side's share grows over the ramp, and then it has all.
func (a *attack) checkReturn(t *testing.T, results []vegeta.Result) {
	var began time.Time // the first answer of the service that is back
	for _, r := range results {
		if end := r.Timestamp.Add(r.Latency); r.Timestamp.After(a.back) && isNew(r) && (began.IsZero() || end.Before(began)) {
			began = end
		}
	}
	const parts = 5
	var fresh, all [parts]float64
	for _, r := range results {
		if i := int(r.Timestamp.Add(r.Latency).Sub(began) / (ramp / parts)); r.Timestamp.After(a.back) && 0 <= i && i < parts {
			all[i]++
			if isNew(r) {
				fresh[i]++
			}
		}
		if r.Timestamp.After(a.restored) && !isNew(r) {
			t.Errorf("%s at %v: answered by %s, after the ramp", r.Method, r.Timestamp.Sub(a.back), r.Body)
		}
	}
	var share [parts]float64
	for i := range share {
		share[i] = fresh[i] / max(all[i], 1)
	}
	// On a busy machine a fifth has hardly a request: its share alone says little.
	if first, last := share[0]+share[1], share[parts-2]+share[parts-1]; all[0] >= 20 && share[0] > 0.6 || first >= last {
		t.Errorf("the new side comes back at once: %.2f", share)
	}
	t.Logf("the new side's share in each fifth of the ramp: %.2f", share)
}

func isNew(r vegeta.Result) bool { return string(r.Body) == "new" }

// checkLatency: who asks while the service is down waits little longer than before.
func (a *attack) checkLatency(t *testing.T, results, control []vegeta.Result) {
	inOutage := func(r vegeta.Result) bool { return r.Timestamp.After(a.killed) && r.Timestamp.Before(a.back) }
	usual := measure(results, func(r vegeta.Result) bool { return r.Timestamp.Before(a.killed.Add(-50 * time.Millisecond)) })
	outage, direct := measure(results, inOutage), measure(control, inOutage)
	t.Logf("p50 and p99: %v and %v before, %v and %v in the outage; without the gateway at most %v",
		usual.P50, usual.P99, outage.P50, outage.P99, direct.Max)
	if direct.Max > tooBusy {
		t.Logf("this machine has too much other work to say more")
	} else if limit := 3*max(usual.P99, tooBusy)/2 + connectTimeout; outage.P99 > limit {
		t.Errorf("a p99 of %v in the outage, more than %v", outage.P99, limit)
	}
}

func measure(results []vegeta.Result, counts func(vegeta.Result) bool) vegeta.LatencyMetrics {
	var m vegeta.Metrics
	for _, r := range results {
		if counts(r) {
			m.Add(&r)
		}
	}
	m.Close()
	return m.Latencies
}

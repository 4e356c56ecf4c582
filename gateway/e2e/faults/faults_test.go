// Package faults shows on real sockets what the gateway makes of a backend that fails: for
// every fault and every kind of request what the client saw, what reached either side, and
// what the metrics say of it. docs/FAULTS.md is that table, for people.
package faults

import (
	"os"
	"slices"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"ficus/gateway/control"
	"ficus/gateway/gatewaytest"
)

func TestFaults(t *testing.T) {
	legacy := listen(t, "legacy", healthy)
	toLegacy := lineTo(t, legacy.address)
	all := scenes(t, matrix)
	gateway := startGateway(t, routeFile("http://"+toLegacy.Listen, all))
	for _, legacyDown := range []bool{false, true} {
		if legacyDown {
			toLegacy.down()
		}
		play(all, gateway, legacyDown)
	}
	m := readMetrics(gateway)
	await(func() bool {
		return !slices.ContainsFunc(all, func(s *scene) bool { return !s.outcome(legacy, m).fits(s.want()) })
	})
	for _, s := range all {
		t.Run(s.id, func(t *testing.T) { s.check(t, legacy, m) })
	}
	if !t.Failed() {
		checkDocument(t)
	}
}

// startGateway starts a gateway on one route file, which must be without a problem.
func startGateway(t testing.TB, text string) *gatewaytest.Gateway {
	t.Helper()
	folder := fstest.MapFS{"routes.yaml": {Data: []byte(text)}}
	if verdict := control.Check(folder, "routes", os.LookupEnv, time.Now()); verdict.Problems.HasErrors() {
		t.Fatal(verdict.Problems)
	}
	return gatewaytest.Start(t, map[string]string{"routes.yaml": text})
}

// await polls until a condition holds, some seconds at most: an origin may have counted a
// request later than the client read the gateway's answer.
func await(condition func() bool) {
	end := time.After(3 * time.Second)
	for !condition() {
		select {
		case <-end:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// play sends the requests of all scenes, several at a time.
func play(all []*scene, gateway *gatewaytest.Gateway, legacyDown bool) {
	var wg sync.WaitGroup
	defer wg.Wait()
	free := make(chan struct{}, 24)
	for _, s := range all {
		if s.fault.legacyDown != legacyDown {
			continue
		}
		s.gateway = gateway
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			if s.fault.run != nil {
				s.fault.run(s)
			} else {
				s.inTurn()
			}
		})
	}
}

// check holds a scene against what is expected.
func (s *scene) check(t *testing.T, legacy *origin, m metrics) {
	want, got := s.want(), s.outcome(legacy, m)
	if !got.fits(want) {
		t.Errorf("\nwant %+v\ngot  %+v", want, got)
	}
	if ids := s.twice(legacy); ids != nil {
		t.Errorf("sent twice: %v", ids)
	}
}

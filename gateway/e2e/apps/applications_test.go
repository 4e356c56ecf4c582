// Package apps holds Ficus against software that no one here wrote: each application is
// asked directly and through the gateway, and the two are compared exchange by exchange.
package apps

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/gatewaytest"
)

// An application is what is asked, and how.
type application struct {
	name, what string
	moved      []string // what the new side serves, "pattern" or "pattern when {…}"; legacy has the rest

	// transport is how its backends are spoken to, as a route file says it; "": HTTP/1.1.
	transport string

	// prepare makes what copies begin with, and returns its folder. It skips the test
	// where something is not installed. nil: nothing has to be made.
	prepare func(t *testing.T) string

	// start runs a copy of it with a state of its own until the test ends, and returns
	// its URL.
	start func(t *testing.T, prepared string) string

	// visit asks for all there is, and returns what came back.
	visit func(t *testing.T, url string) []exchange
}

// by makes visitors that follow a script.
func by(script func(v *visitor)) func(*testing.T, string) []exchange {
	return func(t *testing.T, url string) []exchange {
		v := newVisitor(t, url)
		script(v)
		return v.seen
	}
}

var applications = []application{httpbin, django, dokuwiki, nodeRED, socketIO, graphQL, grpcInterop}

// tally is what was compared of one application.
type tally struct {
	application
	exchanges, statuses int
}

// Each application says through the gateway what it says directly, although parts of it
// are on one side and parts on the other. Two direct visits show beforehand what is the
// application's own chance.
func TestApplications(t *testing.T) {
	var tallies []tally
	needed := needed{}
	for _, a := range applications {
		t.Run(a.name, func(t *testing.T) {
			tallies = append(tallies, a.compare(t, needed))
		})
	}
	if len(tallies) == len(applications) {
		needed.check(t)
		checkDocument(t, tallies)
	}
}

func (a application) compare(t *testing.T, needed needed) tally {
	prepared := ""
	if a.prepare != nil {
		prepared = a.prepare(t)
	}
	first := a.visit(t, a.start(t, prepared))
	if diff := a.differ(first, a.visit(t, a.start(t, prepared)), needed); diff != "" {
		t.Fatalf("two direct visits differ, so the test can't tell anything (-first +second)\n%s", diff)
	}
	g := gatewaytest.Start(t, a.routes(a.start(t, prepared)))
	through := a.visit(t, g.URL)
	if diff := a.differ(first, through, needed); diff != "" {
		t.Errorf("(-direct +through the gateway)\n%s", diff)
	}
	for _, x := range through {
		if x.Surplus > 0 {
			t.Errorf("%s: %d bytes after the answer have come through the gateway", x.Step, x.Surplus)
		}
	}
	counted := tally{application: a, exchanges: len(first)}
	statuses := map[int]bool{}
	for i := range first {
		statuses[first[i].Status] = true
	}
	counted.statuses = len(statuses)
	if moved, stayed := served(g, "new"), served(g, "legacy"); moved == 0 || stayed == 0 {
		t.Errorf("the new side served %d requests, legacy %d", moved, stayed)
	} else {
		t.Logf("%d exchanges are the same; the new side served %d requests, legacy %d", counted.exchanges, moved, stayed)
	}
	return counted
}

// routes are the route files of an application, of which a part has moved to a backend of
// its own.
func (a application) routes(url string) map[string]string {
	backend := fmt.Sprintf("addresses: [%q]", url)
	if a.transport != "" {
		backend += ", transport: " + a.transport
	}
	var b strings.Builder
	fmt.Fprintf(&b, "backends:\n  moved: { %s, identity: { token: \"off\" } }\nroutes:\n", backend)
	for i, pattern := range a.moved {
		pattern, when, narrowed := strings.Cut(pattern, " when ")
		if narrowed {
			when = ", when: " + when
		}
		fmt.Fprintf(&b, "  - { id: moved-%d, match: %q, backend: moved, stage: new%s }\n", i, pattern, when)
	}
	return map[string]string{
		"legacy.yaml": "backends: { legacy: { " + backend + " } }\n",
		"moved.yaml":  b.String(),
	}
}

// served returns how many requests a side has answered.
func served(g *gatewaytest.Gateway, side string) int {
	total := 0
	for line := range strings.Lines(g.Metrics()) {
		if strings.HasPrefix(line, "ficus_requests_total{") && strings.Contains(line, fmt.Sprintf("side=%q", side)) {
			var n int
			if _, err := fmt.Sscan(line[strings.LastIndex(line, " "):], &n); err == nil {
				total += n
			}
		}
	}
	return total
}

// differ reports the first exchanges that differ by more than is allowed.
func (a application) differ(want, got []exchange, needed needed) string {
	if len(want) != len(got) {
		return fmt.Sprintf("%d exchanges against %d", len(want), len(got))
	}
	report, shown := "", 0
	for i := range want {
		w, g := a.level(want[i], got[i], -1)
		if reflect.DeepEqual(w, g) {
			needed.note(a, want[i], got[i])
			continue
		}
		diff := cmp.Diff(shortened(w, g))
		if shown++; shown <= 20 {
			report += fmt.Sprintf("exchange %d, %s:\n%s\n", i, want[i].Step, diff)
		}
	}
	if shown > 20 {
		report += fmt.Sprintf("and %d more\n", shown-20)
	}
	return report
}

// shortened keeps a difference of large bodies readable: it leaves what is around the
// first byte that differs.
func shortened(want, got exchange) (exchange, exchange) {
	at := 0
	for at < min(len(want.Body), len(got.Body)) && want.Body[at] == got.Body[at] {
		at++
	}
	around := func(s string) string {
		if len(s) < 2000 {
			return s
		}
		return fmt.Sprintf("%d bytes, from %d on: %s", len(s), at, s[max(0, at-300):min(len(s), at+300)])
	}
	want.Body, got.Body = around(want.Body), around(got.Body)
	return want, got
}

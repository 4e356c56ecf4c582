package console

import (
	"strings"
	"testing"
	"time"

	"ficus/gateway/backend"
	"ficus/gateway/backend/breaker"
	"ficus/gateway/control"
	"ficus/gateway/parity"
	"ficus/gateway/shadow"
)

// What copies came to stands on the overview and on the route's page, where they differ
// too, and keys of a body that look like a page are text.
func TestShadowIsShown(t *testing.T) {
	w := newWorld(t)
	if _, text := w.get("/"); strings.Contains(text, "card-shadow") {
		t.Error("the overview tells of copies, and there are none")
	}
	w.write("list.yaml", "routes: [{ id: copied, match: GET /copied, backend: cart, stage: shadow }]")
	if outcome, problems := w.Tables.Load(); outcome != control.Applied {
		t.Fatal(problems)
	}
	route := w.metrics.Route("copied")
	for range 1999 {
		route.Shadowed(string(parity.Match), time.Millisecond)
	}
	route.Shadowed(string(parity.JSON), time.Millisecond)
	route.Shadowed(string(parity.Timeout), time.Second)
	route.ShadowDropped("queue")
	w.Findings = func(id string) []shadow.Finding {
		return []shadow.Finding{{Kind: parity.JSON, Where: "/" + hostile, Count: 1, Last: noon.Add(-2 * time.Minute)}}
	}
	for page, wants := range map[string][]string{
		"/":              {"card-shadow", "99.95 %", "2\u202f000 compared", "99.95 % alike"},
		"/routes/copied": {"Copies that were sent: 2\u202f001", "99.95 %", "<dt>match</dt><dd>1\u202f999</dd>", "<dt>timeout</dt><dd>1</dd>", "1 request had no copy: queue 1", "2 min ago", "/&lt;script&gt;alert(1)"},
	} {
		code, text := w.get(page)
		for _, want := range wants {
			if code != 200 || !strings.Contains(text, want) {
				t.Errorf("%s: %d, no %q", page, code, want)
			}
		}
		if strings.Contains(text, "<script>alert") || strings.Contains(text, "<dt>status</dt>") {
			t.Errorf("%s shows what a backend said as it is, or what never happened", page)
		}
		wellFormed(t, page, text)
	}
	if _, text := w.get("/routes/list"); strings.Contains(text, "shadow-title") {
		t.Error("a route without copies tells of them")
	}
}

// Who holds a breaker, and why, stands beside it, and how full a backend is.
func TestOperatorsWordIsShown(t *testing.T) {
	w := newWorld(t)
	w.Live = func() []backend.Status {
		return []backend.Status{{
			Name: "cart", Breaker: &breaker.Snapshot{State: breaker.Open}, InFlight: 12, Limit: 256, Queued: 3,
			Operator:  &backend.Word{Set: breaker.ForceOpen, By: "bob", Reason: hostile, Since: noon.Add(-time.Hour)},
			Addresses: []backend.AddressStatus{{Address: "http://127.0.0.1:2", State: "down"}},
		}}
	}
	code, text := w.get("/backends")
	for _, want := range []string{"held open by bob", "1 h ago", "&lt;script&gt;", "12 of 256 in flight, 3 wait", `class="address down"`} {
		if code != 200 || !strings.Contains(text, want) {
			t.Errorf("%d, no %q", code, want)
		}
	}
	wellFormed(t, "/backends", text)
}

// What is wrong with the folder stands on the overview, the first of it.
func TestProblemsOnTheOverview(t *testing.T) {
	w := newWorld(t)
	if _, text := w.get("/"); !strings.Contains(text, `<div id="wrong" data-live></div>`) {
		t.Error("there is room for problems, and there are none")
	}
	w.write("broken.yaml", "routes: [{ id: list, match: GET /x }]")
	if outcome, _ := w.Tables.Load(); outcome != control.Rejected {
		t.Fatal(outcome)
	}
	if _, text := w.get("/"); !strings.Contains(text, "duplicate_id") {
		t.Error("the overview does not say what is wrong")
	}
}

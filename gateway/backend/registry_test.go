package backend

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"ficus/gateway/backend/breaker"
	"ficus/gateway/route"
)

// What an edit does not touch goes on over it.
func TestStateSurvivesEdits(t *testing.T) {
	base := checked("http://a:1", "http://b:1")
	base.MaxInflight = 10
	for _, tc := range []struct {
		name                              string
		edit                              func(d *route.Backend)
		breaker, bulkhead, address, check bool // what is kept
	}{
		{"nothing", func(*route.Backend) {}, true, true, true, true},
		{"moved in the file", func(d *route.Backend) { d.Origin.Line = 7 }, true, true, true, true},
		{"address added", func(d *route.Backend) { d.Addresses = append(d.Addresses, "http://c:1") }, true, true, true, true},
		{"address removed", func(d *route.Backend) { d.Addresses = d.Addresses[:1] }, true, true, true, true},
		{"addresses in another order", func(d *route.Backend) { d.Addresses = []string{"http://b:1", "http://a:1"} }, true, true, true, true},
		{"balance", func(d *route.Backend) { d.Balance = route.RoundRobin }, true, true, true, true},
		{"identity", func(d *route.Backend) { d.Identity.Token = route.Off }, true, true, true, true},
		{"idle timeout", func(d *route.Backend) { d.IdleTimeout = time.Second }, true, true, true, true},
		{"retry budget", func(d *route.Backend) { d.RetryBudget.Ratio = 0.2 }, true, true, true, true},
		{"slow start", func(d *route.Backend) { d.SlowStart = time.Second }, true, true, true, true},
		{"drain", func(d *route.Backend) { d.Drain = time.Second }, true, true, true, true},
		{"breaker", func(d *route.Backend) { d.Breaker.MinRequests = 7 }, false, true, true, true},
		{"limit", func(d *route.Backend) { d.MaxInflight = 11 }, true, false, true, true},
		{"queue", func(d *route.Backend) { d.Queue.Size = 11 }, true, false, true, true},
		{"health", func(d *route.Backend) { d.Health.Path = "/other" }, true, true, true, false},
		{"connect timeout", func(d *route.Backend) { d.ConnectTimeout = time.Second }, true, true, false, false},
		{"transport", func(d *route.Backend) { d.Transport = map[string]any{"versions": []string{"2"}} }, true, true, false, false},
	} {
		w := newWorld()
		r := w.registry()
		old, oldSet := hold1(t, r, base)
		edited := base
		edited.Addresses = append([]string(nil), base.Addresses...)
		tc.edit(&edited)
		next, nextSet := hold1(t, r, edited)
		oldSet.Release()
		var a *member
		for i := range next.members {
			if next.members[i].text == "http://a:1" {
				a = &next.members[i]
			}
		}
		kept := [4]bool{next.breaker == old.breaker, next.bulkhead == old.bulkhead, a.address == old.members[0].address, a.check == old.members[0].check}
		if want := [4]bool{tc.breaker, tc.bulkhead, tc.address, tc.check}; kept != want {
			t.Errorf("%s: breaker, bulkhead, address and check kept: %v, want %v", tc.name, kept, want)
		}
		if next.ledger != old.ledger {
			t.Errorf("%s: its counters begin anew", tc.name)
		}
		nextSet.Release()
		if n := len(r.backends.held) + len(r.addresses.held) + len(r.checks.held) + len(r.breakers.held) + len(r.bulkheads.held) + len(r.ledgers.held) + len(r.latest); n != 0 {
			t.Errorf("%s: %d parts are held after all was released", tc.name, n)
		}
	}
}

func TestOverride(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		r := w.registry()
		d := definition("cart", "http://a:1")
		_, set := hold1(t, r, d)
		legacy, legacySet := hold1(t, r, definition("legacy", "http://l:1"))
		defer legacySet.Release()
		if err := r.Override("cart", Word{Set: breaker.ForceOpen, Reason: "it moves", By: "me"}); err != nil {
			t.Fatal(err)
		}
		d.Breaker.MinRequests = 3 // an edit makes another breaker
		b, next := hold1(t, r, d)
		set.Release()
		if _, err := do(t, b); !errors.Is(err, ErrOpen) {
			t.Errorf("the word is forgotten after an edit: %v", err)
		}
		s := r.Status()[0]
		if s.Name != "cart" || s.Breaker.State != breaker.Open || s.Operator.Reason != "it moves" || s.Refused["open"] != 1 || s.Transitions["open"] != 1 {
			t.Errorf("%+v, %+v", s, s.Breaker)
		}
		if err := r.Override("cart", Word{Set: breaker.Auto}); err != nil || r.Status()[0].Operator != nil {
			t.Errorf("%v, %+v", err, r.Status()[0])
		}
		time.Sleep(time.Minute)
		if _, err := do(t, b); err != nil {
			t.Errorf("auto again: %v", err)
		}
		_ = r.Override("cart", Word{Set: breaker.ForceOpen})
		next.Release()
		if err := r.Override("cart", Word{Set: breaker.Auto}); !errors.Is(err, ErrUnknown) {
			t.Errorf("a backend that is gone: %v", err)
		}
		b, set = hold1(t, r, d)
		defer set.Release()
		if _, err := do(t, b); err != nil {
			t.Errorf("a backend that left the table came back with its old override: %v", err)
		}
		if err := r.Override("legacy", Word{Set: breaker.ForceOpen}); !errors.Is(err, ErrNoBreaker) || legacy.breaker != nil {
			t.Errorf("legacy: %v", err)
		}
	})
}

// A table that is refused after its backends were held leaves the status to the one that
// serves.
func TestStatusIsOfTheTableThatServes(t *testing.T) {
	r := newWorld().registry()
	_, serving := hold1(t, r, definition("cart", "http://a:1"))
	defer serving.Release()
	_, refused := hold1(t, r, definition("cart", "http://b:1"))
	refused.Release()
	if s := r.Status(); len(s) != 1 || s[0].Addresses[0].Address != "http://a:1" {
		t.Errorf("%+v", s)
	}
}

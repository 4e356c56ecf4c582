package backend

import (
	"cmp"
	"time"

	"ficus/gateway/backend/breaker"
	"ficus/gateway/route"
)

const defaultSlowStart = 10 * time.Second

// assemble makes a backend of parts, each of which is shared with other definitions of
// the same name that say the same of it.
func (r *Registry) assemble(d route.Backend) (*holding, error) {
	settings := d.Breaker.Filled()
	b := &Backend{
		name: d.Name, balance: d.Balance, random: r.Random, changes: r.Changes,
		slow: settings.Slow, ejectFor: settings.OpenFor,
		slowStart: cmp.Or(d.SlowStart, defaultSlowStart), drain: d.Drain,
	}
	if d.Breaker.Enabled != route.Off { // legacy has no breaker unless it says so, but its bad addresses are left out
		b.ejectAfter = settings.EjectAfter
	}
	h := &holding{backend: b}
	b.ledger = hold(h, &r.ledgers, keyOf(d.Name), func() *ledger { return &ledger{} }, nil)
	if d.HasBreaker() {
		create := func() *breaker.Breaker { return newBreaker(b.name, settings, b.ledger, r.Changes) }
		b.breaker = hold(h, &r.breakers, keyOf(d.Name, d.Breaker), create, nil)
	}
	if d.MaxInflight > 0 {
		create := func() *bulkhead { return newBulkhead(&d) }
		b.bulkhead = hold(h, &r.bulkheads, keyOf(d.Name, d.MaxInflight, d.Adaptive, d.Queue), create, nil)
	}
	if err := r.addMembers(h, &d); err != nil {
		h.giveBack()
		return nil, err
	}
	return h, nil
}

// hold takes a part for as long as the backend is held; the last user has it ended.
func hold[T any](h *holding, from *pool[T], k key, create func() T, end func(T)) T {
	value, _ := from.take(k, func() (T, error) { return create(), nil })
	h.give = append(h.give, func() {
		if value, last := from.give(k); last && end != nil {
			end(value)
		}
	})
	return value
}

// addMembers takes the addresses. One that is new beside others that are not begins
// slowly.
func (r *Registry) addMembers(h *holding, d *route.Backend) error {
	keys, older := make([]key, len(d.Addresses)), false
	for i, text := range d.Addresses {
		keys[i] = keyOf(d.Name, text, d.Transport, d.ConnectTimeout)
		older = older || r.addresses.has(keys[i])
	}
	for i, text := range d.Addresses {
		isNew := !r.addresses.has(keys[i])
		a, err := r.addresses.take(keys[i], func() (*address, error) {
			leaf, err := r.NewLeaf(*d)
			if err != nil {
				return nil, err
			}
			return newAddress(text, leaf), nil
		})
		if err != nil {
			return err
		}
		h.give = append(h.give, func() {
			if a, last := r.addresses.give(keys[i]); last {
				a.leave()
			}
		})
		if isNew && older {
			a.warm.Store(time.Now().UnixNano())
		}
		a.drain.Store(int64(d.Drain))
		m := member{address: a}
		if d.Health.Active() {
			config := d.Health.Filled()
			m.check = hold(h, &r.checks, keyOf(keys[i], config), func() *check { return r.startCheck(h.backend, a, config) }, func(c *check) { c.stop() })
		}
		h.backend.members = append(h.backend.members, m)
	}
	return nil
}

// startCheck begins to ask an address.
func (r *Registry) startCheck(b *Backend, a *address, config route.Health) *check {
	name, ledger := b.name, b.ledger
	c := &check{address: a, config: config, random: r.Random}
	c.heard = func(passed bool) {
		if passed {
			ledger.checks[1].Add(1)
		} else {
			ledger.checks[0].Add(1)
		}
	}
	c.changed = func(from, to HealthState, why string) {
		switch {
		case to == Down:
			r.tellHealth(name, a.text, to, why)
		case from == Down:
			a.warm.Store(time.Now().UnixNano())
			r.tellHealth(name, a.text, to, why)
		case a.warm.Load() != 0:
			a.warm.Store(time.Now().UnixNano()) // from now on it gets requests
		}
	}
	c.start()
	return c
}

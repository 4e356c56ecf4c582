package overview

import (
	"ficus/gateway/backend"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// live is what the backends are, by name.
func (s Source) live() map[string]backend.Status {
	if s.Live == nil {
		return nil
	}
	list := s.Live()
	live := make(map[string]backend.Status, len(list))
	for _, b := range list {
		live[b.Name] = b
	}
	return live
}

// breakerOf is the state of a backend's breaker, "" for none.
func breakerOf(live map[string]backend.Status, name string) string {
	if b, ok := live[name]; ok && b.Breaker != nil {
		return b.Breaker.State.String()
	}
	return ""
}

// backends adds up what routes send to each backend. A kill counts: legacy gets it.
func (s Source) backends(table *routetable.Table, routes []Route, live map[string]backend.Status) []Backend {
	list := make([]Backend, len(table.Backends))
	at := map[string]*Backend{}
	for i, b := range table.Backends {
		is := live[b.Name]
		list[i] = Backend{
			Name: b.Name, Balance: b.Balance.String(), Breaker: breakerOf(live, b.Name), Operator: is.Operator,
			Limit: is.Limit, InFlight: is.InFlight, Queued: is.Queued, Addresses: addresses(&b, live),
		}
		at[b.Name] = &list[i]
	}
	for i, e := range table.Entries { // the same order as routes
		for _, side := range route.Sides {
			b, did := at[e.BackendOf(side)], routes[i].Of(side)
			if b == nil {
				continue
			}
			if side == route.New || e.CallsLegacy() {
				b.Routes++
			}
			if rate := b.Rate + float64(did.Rate); rate > 0 {
				b.Errors = (b.Errors*b.Rate + float64(did.Errors*did.Rate)) / rate
				b.Rate = rate
			}
		}
	}
	return list
}

func addresses(b *route.Backend, live map[string]backend.Status) []Address {
	known := live[b.Name].Addresses
	if known == nil {
		list := make([]Address, len(b.Addresses))
		for i, url := range b.Addresses {
			list[i] = Address{URL: url}
		}
		return list
	}
	list := make([]Address, len(known))
	for i, a := range known {
		list[i] = Address{URL: a.Address, State: a.State, InFlight: a.InFlight}
	}
	return list
}

package overview

import (
	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// backends adds up what routes send to each backend. A kill counts: legacy gets it.
func (s Source) backends(table *routetable.Table, routes []Route) []Backend {
	list := make([]Backend, len(table.Backends))
	at := map[string]*Backend{}
	for i, b := range table.Backends {
		list[i] = Backend{Name: b.Name, Balance: b.Balance.String(), Addresses: s.addresses(&b)}
		if s.Live != nil {
			list[i].Breaker = s.Live.Breaker(b.Name)
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

func (s Source) addresses(b *route.Backend) []Address {
	if s.Live != nil {
		if known := s.Live.Addresses(b.Name); known != nil {
			return known
		}
	}
	list := make([]Address, len(b.Addresses))
	for i, url := range b.Addresses {
		list[i] = Address{URL: url}
	}
	return list
}

package pipeline

import (
	"ficus/gateway/route"
	"ficus/gateway/split"
)

// choose is room 4: which side serves. A canary request that none of the entry's
// cohort sources can place goes to legacy.
func (x *Exchange) choose(key *split.Key) {
	switch x.Entry.Stage {
	case route.StageNew, route.StageRetired:
		x.Side = route.New
	case route.StageCanary:
		principal, source, ok := split.Principal(x.Entry.Cohort, x.request, x.client.IP, nil)
		if !ok {
			return
		}
		x.Source = source
		x.Cohort = key.Cohort(x.Entry.Group, principal)
		x.Side = split.Choose(x.Cohort, x.Entry.Weight)
	}
}

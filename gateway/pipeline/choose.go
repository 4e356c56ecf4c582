package pipeline

import "ficus/gateway/split"

// choose is room 4: which side serves. Claims come with room 2.
func (x *Exchange) choose(key *split.Key) {
	d := split.Decide(x.Entry, x.request, x.client.IP, nil, key)
	x.Side, x.Cohort, x.Source = d.Side, d.Cohort, d.Source
}

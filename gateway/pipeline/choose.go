package pipeline

import (
	"net/http"

	"ficus/gateway/route"
	"ficus/gateway/split"
)

// choose is room 4: which side serves. Claims come with room 2.
func (x *Exchange) choose(key *split.Key) {
	d := split.Decide(x.Entry, split.Ask{Request: x.request, ClientIP: x.client.IP, Now: x.start, Key: key})
	x.Side, x.Cohort, x.Source, x.Clock = d.Side, d.Cohort, d.Source, d.Clock
}

// hideForce keeps what chose the side from the backend.
func (x *Exchange) hideForce(out http.Header) {
	if x.Entry.Force != route.ForceOff {
		split.StripForce(out)
	}
}

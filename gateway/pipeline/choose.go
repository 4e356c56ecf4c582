package pipeline

import (
	"net/http"

	"ficus/gateway/authz"
	"ficus/gateway/route"
	"ficus/gateway/split"
	"ficus/gateway/traffic"
)

// choose is room 4: which side serves.
func (x *Exchange) choose(key *split.Key, kills *traffic.Kills) {
	d := split.Decide(x.Entry, split.Ask{
		Request: x.request, ClientIP: x.client.IP, Claims: x.cohortClaims(), Now: x.start, Key: key,
		Killed: kills.Of(x.Entry.ID, x.Entry.Stage) != nil,
	})
	x.Side, x.Cohort, x.Source, x.Clock = d.Side, d.Cohort, d.Source, d.Clock
}

// force lets the request choose its side where the policy says that it may.
func (x *Exchange) force(d authz.Decision) {
	if x.Clock == split.ClockKill || x.Entry.Force != route.ForcePolicy || x.Entry.Stage != route.StageCanary || d.Obligations["force"] != true {
		return
	}
	if side, ok := split.Asked(x.request.Header); ok {
		x.Side, x.Clock = side, split.ClockForce
	}
}

// cohortClaims returns the claims that the cohort may be taken from.
func (x *Exchange) cohortClaims() map[string]string {
	if x.Principal == nil || x.Entry.Stage != route.StageCanary {
		return nil
	}
	var claims map[string]string
	for _, s := range x.Entry.Cohort {
		if s.Kind != route.FromClaim {
			continue
		}
		if claims == nil {
			claims = map[string]string{}
		}
		claims[s.Name] = x.Principal.Text(s.Name)
	}
	return claims
}

// hideForce keeps what chose the side from the backend.
func (x *Exchange) hideForce(out http.Header) {
	if x.Entry.Force != route.ForceOff {
		split.StripForce(out)
	}
}

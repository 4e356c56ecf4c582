package split

import (
	"net/http"
	"time"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// What can decide a side.
const (
	ClockKill  = "kill"  // the kill switch: legacy serves, whatever the others say
	ClockFile  = "file"  // the route file alone
	ClockForce = "force" // the request, by a signed token or as its policy lets it (see [ForceHeader])
)

// A Decision is which side serves a request, and how that came about.
type Decision struct {
	Side   route.Side
	Cohort int          // 0 to Cohorts-1 where one was looked at, else -1
	Source route.Source // at stage canary what the cohort is taken from, if the request has any
	Clock  string       // what decided: one of the clocks above
	Reason string       // one sentence for people

	// Open says that the side depends on the cohort, which could not be known
	// without the key. Side is then legacy.
	Open bool
}

// An Ask is what a decision looks at.
type Ask struct {
	Request  *http.Request
	ClientIP string
	Claims   map[string]string // of who is logged in; nil for nobody
	Now      time.Time

	// Killed says that the route is killed (see package traffic).
	Killed bool

	// Key may be nil, for tools that don't have the gateway's: then cohorts and tokens
	// can't be known (see Decision.Open).
	Key *Key
}

// Decide returns the side of a request that the entry owns. A canary request that
// none of the entry's cohort sources can place goes to legacy. It allocates nothing
// where nobody forces a side.
func Decide(e *routetable.Entry, ask Ask) Decision {
	if ask.Killed {
		return Decision{Cohort: -1, Clock: ClockKill, Reason: "the route is killed, so legacy serves"}
	}
	if e.Stage != route.StageCanary {
		return decideWithout(e.Stage)
	}
	if e.Force == route.ForceSigned && ask.Key != nil {
		if side, ok := ask.Key.Forced(ask.Request.Header, e.Group, ask.Now); ok {
			return Decision{Side: side, Cohort: -1, Clock: ClockForce, Reason: "a signed token chose the side"}
		}
	}
	principal, source, ok := Principal(e.Cohort, ask.Request, ask.ClientIP, ask.Claims)
	if !ok {
		return Decision{Cohort: -1, Clock: ClockFile, Reason: "the request has none of the cohort's sources, so legacy serves"}
	}
	var d Decision
	if ask.Key != nil {
		d = DecideCohort(e, ask.Key.Cohort(e.Group, principal))
	} else {
		d = decideUnknown(e.Weight)
	}
	d.Source = source
	return d
}

// DecideCohort returns the side of a cohort, wherever it came from.
func DecideCohort(e *routetable.Entry, cohort int) Decision {
	if e.Stage != route.StageCanary {
		return decideWithout(e.Stage)
	}
	d := Decision{Side: Choose(cohort, e.Weight), Cohort: cohort, Clock: ClockFile}
	if d.Side == route.New {
		d.Reason = "the cohort is below the weight"
	} else {
		d.Reason = "the cohort is not below the weight"
	}
	return d
}

// decideUnknown decides for a cohort that is not known.
func decideUnknown(weight int) Decision {
	d := Decision{Cohort: -1, Clock: ClockFile}
	switch {
	case weight <= 0:
		d.Reason = "no cohort is below the weight"
	case weight >= Cohorts:
		d.Side, d.Reason = route.New, "every cohort is below the weight"
	default:
		d.Open, d.Reason = true, "it depends on the cohort, which takes the gateway's key to know"
	}
	return d
}

// decideWithout decides where cohorts have no say.
func decideWithout(stage route.Stage) Decision {
	d := Decision{Cohort: -1, Clock: ClockFile}
	switch stage {
	case route.StageNew:
		d.Side, d.Reason = route.New, "the route's stage is new"
	case route.StageRetired:
		d.Side, d.Reason = route.New, "the route's stage is retired"
	case route.StageShadow:
		d.Reason = "the route's stage is shadow: the new side gets copies"
	default:
		d.Reason = "the route's stage is legacy"
	}
	return d
}

// NewCohorts returns how many of the cohorts the new side serves on a route.
func NewCohorts(e *routetable.Entry) int {
	switch e.Stage {
	case route.StageCanary:
		return e.Weight
	case route.StageNew, route.StageRetired:
		return Cohorts
	}
	return 0
}

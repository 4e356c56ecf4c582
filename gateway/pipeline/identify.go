package pipeline

import (
	"ficus/gateway/authz"
	"ficus/gateway/identity"
	"ficus/gateway/telemetry"
)

// identify is room 2: who asks. Whoever can't be known is anonymous.
func (x *Exchange) identify(gate *identity.Gate, metrics *telemetry.Metrics) {
	if gate == nil {
		return
	}
	x.gate = gate
	x.Principal, x.Refused = gate.Identify(x.request, x.Entry.Identity)
	switch {
	case x.Principal != nil:
		metrics.Identified(x.Principal.Source)
	case x.Refused != nil:
		metrics.Identified(telemetry.Refused)
	default:
		metrics.Identified(telemetry.Anonymous)
	}
}

func principalOf(p *identity.Principal) authz.Principal {
	if p == nil {
		return authz.Principal{Anonymous: true}
	}
	return authz.Principal{ID: p.ID, Source: p.Source, Claims: p.Claims}
}

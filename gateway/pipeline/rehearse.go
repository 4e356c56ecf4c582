package pipeline

import (
	"slices"

	"ficus/gateway/fault"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/telemetry"
)

// UseFaults says whether the faults of routes hit from now on. Until it is called none
// does.
func (p *Pipeline) UseFaults(on bool) {
	p.publishing.Lock()
	defer p.publishing.Unlock()
	p.faultsKnown = true
	p.faultsOn.Store(on)
	p.tellFaults(p.live.Load())
}

// faultsOf compiles what is to be broken of one side of an entry, nil for nothing.
func (p *Pipeline) faultsOf(e *routetable.Entry, side route.Side, series *telemetry.Route) *fault.Faults {
	return fault.Compile(e.Resilience.Faults, side, fault.Config{On: &p.faultsOn, Random: p.Random, Count: series.Fault})
}

// tellFaults says loudly which routes are broken on purpose, or would be.
func (p *Pipeline) tellFaults(live *serving) {
	if !p.faultsKnown || live == nil {
		return
	}
	var routes []string
	for i := range live.routes {
		if live.routes[i].faults != [len(route.Sides)]*fault.Faults{} {
			routes = append(routes, live.routes[i].entry.ID)
		}
	}
	on := p.faultsOn.Load()
	if !on {
		p.Metrics.FaultsActive(0)
	} else {
		p.Metrics.FaultsActive(len(routes))
	}
	if len(routes) == 0 {
		return
	}
	first := slices.Clip(routes[:min(len(routes), maxToldFaults)])
	if on {
		p.Logger.Warn("faults on purpose: requests of routes are broken for a rehearsal", "count", len(routes), "routes", first)
	} else {
		p.Logger.Warn("faults of routes do nothing: the Caddyfile does not say faults on", "count", len(routes), "routes", first)
	}
}

const maxToldFaults = 20 // routes named in one line of the log

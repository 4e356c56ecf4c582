package pipeline

import (
	"ficus/gateway/mining"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// mine returns who is told of an entry's requests: those that only legacy serves.
func (p *Pipeline) mine(e *routetable.Entry) *mining.Miner {
	if e.Stage == route.StageLegacy {
		return p.Mined
	}
	return nil
}

// maxMinedTarget bounds how much memory a path that waits to be looked at holds on to, in
// bytes: it is a part of the request line.
const maxMinedTarget = 2048

// offerPath offers the path of a request that legacy has answered.
func (x *Exchange) offerPath() {
	if x.bound.mined != nil && x.forwarded && len(x.request.RequestURI) <= maxMinedTarget {
		x.bound.mined.Offer(x.request.Method, x.Path, x.Status)
	}
}

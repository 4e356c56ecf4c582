package pipeline

import (
	"ficus/gateway/routetable"
)

// match is room 1: which entry owns the request. Where no route does, that is the
// default entry, so only a request target that is none fails.
func (x *Exchange) match(live *serving) error {
	var err error
	if x.target, err = parseTarget(x.request); err != nil {
		return err
	}
	x.Path = routetable.Canonical(x.target.path)
	x.Entry = live.table.Match(x.request.Method, x.request.Host, x.Path)
	x.bound = &live.routes[x.Entry.Index]
	return nil
}

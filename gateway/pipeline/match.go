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
	asked := routetable.Request{
		Method: x.request.Method, Host: x.request.Host, Path: x.Path,
		RawQuery: x.request.URL.RawQuery, Header: x.request.Header, Body: x,
	}
	x.Entry = live.table.Match(&asked)
	x.bound = &live.routes[x.Entry.Index]
	x.countUnseen(&asked)
	return nil
}

// countUnseen counts the request where a GraphQL condition let it pass because it
// did not get to see what is asked for, or because that belongs to several routes.
func (x *Exchange) countUnseen(asked *routetable.Request) {
	if x.Entry.When.AsksGraphQL() {
		return
	}
	if asked.Refused != "" {
		x.bound.series.GraphQLUnmatched(string(asked.Refused))
	} else if asked.Mixed {
		x.bound.series.GraphQLUnmatched("mixed")
	}
}

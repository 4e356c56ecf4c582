package pipeline

import (
	"errors"
	"net/http"
	"time"

	"ficus/gateway/routetable"
)

// errTrace is why TRACE is refused: its answer shows a page's script what it must not see.
var errTrace = errors.New("no route asks for TRACE")

// match is room 1: which entry owns the request. Where no route does, that is the
// default entry, so only a request target that is none fails, and a body that had to
// be looked at and did not come.
func (x *Exchange) match(live *serving) error {
	var asked routetable.Request
	if err := x.ask(live.table, &asked); err != nil {
		return err
	}
	x.bound = &live.routes[x.Entry.Index]
	if x.request.Method == http.MethodTrace && x.Entry.Pattern.Method() != http.MethodTrace {
		return x.fail(http.StatusMethodNotAllowed, errTrace)
	}
	x.countUnseen(&asked)
	if err := x.body.Failure(); err != nil {
		return x.fail(failureStatus(err), err)
	}
	return nil
}

// ask finds target, canonical path and entry. What the table was asked is left in asked.
func (x *Exchange) ask(table *routetable.Table, asked *routetable.Request) error {
	var err error
	if x.target, err = parseTarget(x.request); err != nil {
		return x.fail(http.StatusBadRequest, err)
	}
	x.Path = routetable.Canonical(x.target.path)
	*asked = x.asked()
	x.Entry = table.Match(asked)
	return nil
}

// Ask does for tools what room 1 does for clients: it returns the entry that owns a
// request, which is as a server has read it, and what the table was asked. A request
// that the gateway refuses gives an *Error.
func Ask(table *routetable.Table, r *http.Request) (*routetable.Entry, *routetable.Request, error) {
	x := &Exchange{}
	x.begin(r, Client{}, nil, time.Time{})
	asked := new(routetable.Request)
	if err := x.ask(table, asked); err != nil {
		return nil, nil, err
	}
	return x.Entry, asked, nil
}

// countUnseen counts the request where a GraphQL condition let it pass because it
// did not get to see what is asked for, or because that belongs to several routes.
func (x *Exchange) countUnseen(asked *routetable.Request) {
	if asked.Refused != "" {
		x.bound.series.GraphQLUnmatched(string(asked.Refused))
	} else if asked.Mixed {
		x.bound.series.GraphQLUnmatched("mixed")
	}
}

package pipeline

import "ficus/gateway/graphql"

// ReadOperation reads what the request asks of a GraphQL endpoint. Of a body that
// may say so it looks at the beginning, up to a cap, so that the backend still gets
// every byte. Only a route with a GraphQL condition makes the matcher ask.
func (x *Exchange) ReadOperation() *graphql.Operation {
	r := x.request
	op, inBody := graphql.FromHead(r)
	if !inBody {
		return op
	}
	x.continued = r.Header.Get("Expect") != ""
	body, err := x.body.look(r.ContentLength, graphql.MaxBody+1)
	switch {
	case err != nil:
		return graphql.Refuse(graphql.Unreadable)
	case len(body) > graphql.MaxBody:
		return graphql.Refuse(graphql.TooLarge)
	}
	return graphql.FromBody(r.Header.Get("Content-Type"), body, r.URL.RawQuery)
}

package pipeline

import (
	"bytes"
	"io"
	"net/http"

	"ficus/gateway/graphql"
)

// ReadOperation reads what the request asks of a GraphQL endpoint. A body is read up
// to a cap and put back, so that the backend gets every byte. Only a route with a
// GraphQL condition makes the matcher ask.
func (x *Exchange) ReadOperation() *graphql.Operation {
	r := x.request
	switch {
	case r.Header.Get("Upgrade") != "":
		return nil
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return graphql.FromQuery(r.URL.RawQuery)
	case r.Method != http.MethodPost:
		return nil
	case r.Header.Get("Content-Encoding") != "":
		return graphql.Refuse(graphql.Encoded)
	case r.ContentLength > graphql.MaxBody:
		return graphql.Refuse(graphql.TooLarge)
	}
	head, err := io.ReadAll(io.LimitReader(r.Body, graphql.MaxBody+1))
	x.putBack(head, err)
	switch {
	case err != nil:
		return graphql.Refuse(graphql.Unreadable)
	case len(head) > graphql.MaxBody:
		return graphql.Refuse(graphql.TooLarge)
	}
	return graphql.FromBody(r.Header.Get("Content-Type"), head, r.URL.RawQuery)
}

// putBack puts what was read of the body in front of the rest; err is how reading
// ended, nil where there may be more.
func (x *Exchange) putBack(head []byte, err error) {
	rest := x.request.Body
	x.request.Body = &restoredBody{head: bytes.NewReader(head), err: err, rest: rest}
}

// restoredBody is a body of which the head has been read already.
type restoredBody struct {
	head *bytes.Reader
	err  error // what reading the head ended with
	rest io.ReadCloser
}

func (b *restoredBody) Read(p []byte) (int, error) {
	if b.head.Len() > 0 {
		return b.head.Read(p)
	}
	if b.err != nil {
		return 0, b.err
	}
	return b.rest.Read(p)
}

func (b *restoredBody) Close() error { return b.rest.Close() }

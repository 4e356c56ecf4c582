// Package graphql tells what a request to a GraphQL endpoint asks for, as far as a
// route table needs to know: the operation's type, its name and its root fields.
// Rooms match and explain use it.
//
//	op, body := graphql.FromHead(request)
//	if body { // the operation is in the request's body, up to MaxBody bytes of JSON
//		op = graphql.FromBody(contentType, text, rawQuery)
//	}
//
// Forms of requests are those of "GraphQL over HTTP" and of what clients send
// besides: automatic persisted queries (a sha256Hash) and stored documents
// (documentId, doc_id or id).
//
// Whoever asks may be hostile: a service behind must not run what was not seen here.
// So whatever one server reads in one way and another in another is refused, never
// guessed. Nothing is executed and no schema is known.
package graphql

import "ficus/gateway/route"

// MaxBody is the largest body that is looked into, in bytes.
const MaxBody = 256 << 10

// A Refusal says why a request can't be looked into. It is a metric label.
type Refusal string

// Why a request can't be looked into.
const (
	Batch       Refusal = "batch"        // several operations in one request
	TooLarge    Refusal = "too_large"    // the body is larger than MaxBody
	Encoded     Refusal = "encoded"      // the body is compressed, or text in another encoding than UTF-8
	ContentType Refusal = "content_type" // the body is neither JSON nor a document: a form, an upload
	Malformed   Refusal = "malformed"    // no GraphQL request, or one that can be read in two ways
	Unreadable  Refusal = "unreadable"   // the body did not arrive whole
	Upgrade     Refusal = "upgrade"      // it opens a tunnel, such as a websocket, whose messages nobody sees
	Unlisted    Refusal = "persisted"    // a stored document, unless a route lists its hash or name
)

// An Operation is what one request asks for.
type Operation struct {
	Type      route.OperationType
	Name      string   // "" if it has none
	Fields    []string // root fields, sorted, each once, without __typename
	Persisted string   // hash or name, where the request sends no document
	Refused   Refusal  // why none of it is known; "" if it is
}

// Refuse returns an operation of which nothing is known.
func Refuse(why Refusal) *Operation { return &Operation{Refused: why} }

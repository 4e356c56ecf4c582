// Package graph answers GraphQL queries about the shop: products, categories, the visitor's cart and orders, and one mutation.
//
// Package shop calls it from /graphql and says who asks. The schema stands in schema.graphql. Queries are limited in length, depth and
// parallelism. The package knows nothing of HTTP; it changes nothing but the visitor's cart.
//
//	g, err := graph.New(graph.Config{Store: db, ProductURL: …, PictureURL: …, Tags: slices.Clone, Date: …})
//	answer := g.Do(ctx, graph.Viewer{CartID: 7}, graph.Request{Query: `{cart{count}}`})
package graph

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	graphql "github.com/graph-gophers/graphql-go"

	"ficus/legacy-stub/shop/store"
)

//go:embed schema.graphql
var schemaText string

const (
	maxQuery = 16 << 10 // bytes
	maxDepth = 8
)

// Config is what the graph needs of the shop. All fields are required.
type Config struct {
	Store      *store.Store
	ProductURL func(id int64) string
	PictureURL func(p store.Product) string
	Tags       func(tags []string) []string // a copy, in the order in which the shop tells them
	Date       func(t time.Time) string
}

// Viewer is who asks.
type Viewer struct {
	CartID   int64
	UserID   int64 // 0: a guest
	ReadOnly bool  // refuse mutations, with ErrReadOnly
}

// Request is a GraphQL request, as clients send it in JSON.
type Request struct {
	Query         string         `json:"query"`
	OperationName string         `json:"operationName"`
	Variables     map[string]any `json:"variables"`
}

// Response is a GraphQL response, as clients get it in JSON.
type Response = graphql.Response

var (
	// ErrReadOnly refuses a mutation of a read-only viewer.
	ErrReadOnly = errors.New("mutations need POST")
	// ErrLogin refuses a guest.
	ErrLogin = errors.New("log in first")
)

// Graph answers queries. It is safe for use by many goroutines.
type Graph struct{ schema *graphql.Schema }

// New reads the schema and binds it to the shop.
func New(cfg Config) (*Graph, error) {
	schema, err := graphql.ParseSchema(schemaText, &root{cfg}, graphql.MaxDepth(maxDepth), graphql.MaxParallelism(4), graphql.MaxQueryLength(maxQuery))
	if err != nil {
		return nil, fmt.Errorf("reading the GraphQL schema: %w", err)
	}
	return &Graph{schema}, nil
}

type viewerKey struct{}

// Do answers a request.
func (g *Graph) Do(ctx context.Context, v Viewer, r Request) *Response {
	return g.schema.Exec(context.WithValue(ctx, viewerKey{}, v), r.Query, r.OperationName, r.Variables)
}

func viewer(ctx context.Context) Viewer {
	v, _ := ctx.Value(viewerKey{}).(Viewer) // Do always sets it
	return v
}

// RefusedMutation tells whether the response refuses a mutation because the viewer may only read.
func RefusedMutation(r *Response) bool {
	for _, e := range r.Errors {
		if errors.Is(e.ResolverError, ErrReadOnly) {
			return true
		}
	}
	return false
}

// Internal lists the errors of the response that are the shop's fault; the client sees only that there was one.
func Internal(r *Response) (list []error) {
	for _, e := range r.Errors {
		var hidden *internalError
		if errors.As(e.ResolverError, &hidden) {
			list = append(list, hidden.err)
		}
	}
	return list
}

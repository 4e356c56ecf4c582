// Package graph answers the GraphQL queries about products that the monolith answered
// before: the root fields products and product.
//
// The service calls it from /graphql. The schema is the monolith's, whole, so that
// documents are refused in the same words; what stays with the monolith is in it and
// resolves to [ErrElsewhere]. It knows nothing of HTTP.
package graph

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	graphql "github.com/graph-gophers/graphql-go"

	"ficus/newservices/catalog/internal/docstore"
)

//go:embed schema.graphql
var schemaText string

// The monolith's bounds.
const (
	maxQuery       = 16 << 10 // bytes
	maxDepth       = 8
	maxParallelism = 4
)

// ErrElsewhere is the answer of a field that stays with the monolith.
var ErrElsewhere = errors.New("the catalog knows products, not this")

// Config says how a product is told. All fields are required.
type Config struct {
	ProductURL func(id int64) string
	PictureURL func(d *docstore.Document) string
	Tags       func(tags []string) []string // a copy, in the order in which they are told
	Sorts      []string                     // what Filter.Sort may be
}

// Filter chooses products, one page of them.
type Filter struct {
	Words, Category, Sort string
	Page, PerPage         int // from 1
}

// Catalog is the catalog at one moment.
type Catalog interface {
	Products(f Filter) (page []*docstore.Document, total int)
	Product(id int64) *docstore.Document // nil where there is none
}

// Request is a GraphQL request. Its name and this package's show in the text of JSON
// errors, which is the monolith's.
type Request struct {
	Query         string         `json:"query"`
	OperationName string         `json:"operationName"`
	Variables     map[string]any `json:"variables"`
}

// Graph answers queries. It is safe for concurrent use.
type Graph struct{ schema *graphql.Schema }

// New reads the schema.
func New(config Config) (*Graph, error) {
	schema, err := graphql.ParseSchema(schemaText, &root{config}, graphql.UseFieldResolvers(),
		graphql.MaxDepth(maxDepth), graphql.MaxParallelism(maxParallelism), graphql.MaxQueryLength(maxQuery))
	if err != nil {
		return nil, fmt.Errorf("reading the GraphQL schema: %w", err)
	}
	return &Graph{schema}, nil
}

type catalogKey struct{}

// Do answers a request from one moment of the catalog. It fails with ErrElsewhere
// where the request asks for what stays with the monolith.
func (g *Graph) Do(ctx context.Context, c Catalog, r Request) (*graphql.Response, error) {
	response := g.schema.Exec(context.WithValue(ctx, catalogKey{}, c), r.Query, r.OperationName, r.Variables)
	for _, e := range response.Errors {
		if errors.Is(e.ResolverError, ErrElsewhere) {
			return nil, ErrElsewhere
		}
	}
	return response, nil
}

func catalogOf(ctx context.Context) Catalog { return ctx.Value(catalogKey{}).(Catalog) }

package graph

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	graphql "github.com/graph-gophers/graphql-go"

	"ficus/newservices/catalog/internal/docstore"
)

// root resolves the queries of schema.graphql; graphql-go finds methods and fields
// by their names.
type root struct{ config Config }

func (r *root) Products(ctx context.Context, args struct {
	Q, Category, Sort string
	Page, PerPage     int32
},
) (*productPage, error) {
	if !slices.Contains(r.config.Sorts, args.Sort) {
		return nil, fmt.Errorf("unknown sort %q", args.Sort)
	}
	if args.Page < 1 || args.PerPage < 1 || args.PerPage > 100 {
		return nil, errors.New("page begins at 1, and perPage may be 1 to 100")
	}
	page, perPage := int(args.Page), int(args.PerPage)
	found, total := catalogOf(ctx).Products(Filter{args.Q, args.Category, args.Sort, page, perPage})
	p := &productPage{Items: []*product{}, Total: count(int64(total)), Page: args.Page, Pages: count(int64(max(1, (total+perPage-1)/perPage)))}
	for _, d := range found {
		p.Items = append(p.Items, &product{r, d})
	}
	return p, nil
}

func (r *root) Product(ctx context.Context, args struct{ ID graphql.ID }) *product {
	id, err := strconv.ParseInt(string(args.ID), 10, 64)
	if err != nil {
		return nil // GraphQL's null: there is no such product
	}
	if d := catalogOf(ctx).Product(id); d != nil {
		return &product{r, d}
	}
	return nil
}

type productPage struct {
	Items              []*product
	Total, Page, Pages int32
}

type product struct {
	root *root
	d    *docstore.Document
}

func (p *product) ID() graphql.ID      { return graphql.ID(strconv.FormatInt(p.d.ID, 10)) }
func (p *product) SKU() string         { return p.d.SKU }
func (p *product) Name() string        { return p.d.Name }
func (p *product) Category() string    { return p.d.Category }
func (p *product) Description() string { return p.d.Description }
func (p *product) Tags() []string      { return p.root.config.Tags(p.d.Tags) }
func (p *product) Price() float64      { return float64(p.d.PriceCents) / 100 }
func (p *product) Currency() string    { return "EUR" }
func (p *product) Stock() int32        { return count(p.d.Stock) }
func (p *product) InStock() bool       { return p.d.Stock > 0 }
func (p *product) URL() string         { return p.root.config.ProductURL(p.d.ID) }
func (p *product) Picture() string     { return p.root.config.PictureURL(p.d) }

// count is a number as GraphQL's Int, which has 32 bits.
func count(n int64) int32 { return int32(min(n, math.MaxInt32)) }

// What stays with the monolith. The types are here for the schema alone.

func (*root) Categories() ([]*category, error) { return nil, ErrElsewhere }
func (*root) Cart() (*cart, error)             { return nil, ErrElsewhere }
func (*root) Orders() ([]*order, error)        { return nil, ErrElsewhere }

func (*root) AddToCart(struct {
	ProductID graphql.ID
	Quantity  int32
},
) (*cart, error) {
	return nil, ErrElsewhere
}

type (
	category struct {
		Slug, Name, Blurb string
		Count             int32
	}
	cart struct {
		ID    graphql.ID
		Count int32
		Total float64
		Items []*cartItem
	}
	cartItem struct {
		Product  *product
		Quantity int32
		Total    float64
	}
	order struct {
		ID           graphql.ID
		Date, Status string
		Total        float64
		Lines        []*orderLine
	}
	orderLine struct {
		SKU, Name    string
		Price, Total float64
		Quantity     int32
	}
)

package graph

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	graphql "github.com/graph-gophers/graphql-go"

	"ficus/legacy-stub/shop/store"
)

// root resolves the queries and mutations of schema.graphql; graphql-go finds the methods by their names.
type root struct{ cfg Config }

type productsArgs struct {
	Q, Category, Sort string
	Page, PerPage     int32
}

func (r *root) Products(ctx context.Context, args productsArgs) (*productPage, error) {
	if !slices.Contains(store.Sorts(), args.Sort) {
		return nil, fmt.Errorf("unknown sort %q", args.Sort)
	}
	if args.Page < 1 || args.PerPage < 1 || args.PerPage > 100 {
		return nil, errors.New("page begins at 1, and perPage may be 1 to 100")
	}
	page, err := r.cfg.Store.Products(ctx, store.Filter{
		Query: args.Q, Category: args.Category, Sort: args.Sort, Page: int(args.Page), PerPage: int(args.PerPage),
	})
	if err != nil {
		return nil, hide(err)
	}
	return &productPage{r, page}, nil
}

func (r *root) Product(ctx context.Context, args struct{ ID graphql.ID }) (*product, error) {
	id, err := strconv.ParseInt(string(args.ID), 10, 64)
	if err != nil {
		return nil, nil // GraphQL's null: there is no such product
	}
	p, err := r.cfg.Store.Product(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil // GraphQL's null
	}
	if err != nil {
		return nil, hide(err)
	}
	return &product{r, p}, nil
}

func (r *root) Categories(ctx context.Context) ([]*category, error) {
	list, err := r.cfg.Store.Categories(ctx)
	if err != nil {
		return nil, hide(err)
	}
	return convert(list, func(c store.Category) *category { return &category{c} }), nil
}

func (r *root) Cart(ctx context.Context) (*cart, error) {
	c, err := r.cfg.Store.Cart(ctx, viewer(ctx).CartID)
	if err != nil {
		return nil, hide(err)
	}
	return &cart{r, c}, nil
}

func (r *root) Orders(ctx context.Context) ([]*order, error) {
	user := viewer(ctx).UserID
	if user == 0 {
		return nil, ErrLogin
	}
	list, err := r.cfg.Store.Orders(ctx, user, 100)
	if err != nil {
		return nil, hide(err)
	}
	return convert(list, func(o store.Order) *order { return &order{r, o} }), nil
}

func (r *root) AddToCart(ctx context.Context, args struct {
	ProductID graphql.ID
	Quantity  int32
},
) (*cart, error) {
	if viewer(ctx).ReadOnly {
		return nil, ErrReadOnly
	}
	id, err := strconv.ParseInt(string(args.ProductID), 10, 64)
	if err != nil {
		return nil, errors.New("no such product")
	}
	c, err := r.cfg.Store.AddToCart(ctx, viewer(ctx).CartID, id, int64(args.Quantity))
	if err != nil {
		return nil, hide(err)
	}
	return &cart{r, c}, nil
}

// hide keeps what the client cannot help from the client.
func hide(err error) error {
	var stock *store.StockError
	switch {
	case errors.As(err, &stock):
		return stock
	case errors.Is(err, store.ErrQuantity):
		return store.ErrQuantity
	case errors.Is(err, store.ErrNotFound):
		return errors.New("no such product")
	}
	return &internalError{err}
}

// internalError shows little and wraps all, so that the caller can log it.
type internalError struct{ err error }

func (e *internalError) Error() string { return "something went wrong on our side" }
func (e *internalError) Unwrap() error { return e.err }

func convert[S, T any](list []S, to func(S) T) []T {
	out := make([]T, len(list))
	for i, v := range list {
		out[i] = to(v)
	}
	return out
}

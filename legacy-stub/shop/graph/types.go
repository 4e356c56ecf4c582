package graph

import (
	"math"
	"strconv"

	graphql "github.com/graph-gophers/graphql-go"

	"ficus/legacy-stub/shop/store"
)

// The types of schema.graphql; each method is a field.

func id(n int64) graphql.ID { return graphql.ID(strconv.FormatInt(n, 10)) }

// count is a number as GraphQL's Int, which has 32 bits.
func count(n int64) int32 { return int32(min(n, math.MaxInt32)) } // bounded, and never negative

func euros(cents int64) float64 { return float64(cents) / 100 }

type productPage struct {
	root *root
	page store.Page
}

func (p *productPage) Total() int32 { return count(int64(p.page.Total)) }
func (p *productPage) Page() int32  { return count(int64(p.page.Page)) }
func (p *productPage) Pages() int32 { return count(int64(p.page.Pages())) }
func (p *productPage) Items() []*product {
	return convert(p.page.Products, func(x store.Product) *product { return &product{p.root, x} })
}

type product struct {
	root *root
	p    store.Product
}

func (p *product) ID() graphql.ID      { return id(p.p.ID) }
func (p *product) SKU() string         { return p.p.SKU }
func (p *product) Name() string        { return p.p.Name }
func (p *product) Category() string    { return p.p.Category }
func (p *product) Description() string { return p.p.Description }
func (p *product) Tags() []string      { return p.root.cfg.Tags(p.p.Tags) }
func (p *product) Price() float64      { return euros(p.p.PriceCents) }
func (p *product) Currency() string    { return "EUR" }
func (p *product) Stock() int32        { return count(p.p.Stock) }
func (p *product) InStock() bool       { return p.p.Stock > 0 }
func (p *product) URL() string         { return p.root.cfg.ProductURL(p.p.ID) }
func (p *product) Picture() string     { return p.root.cfg.PictureURL(p.p) }

type category struct{ c store.Category }

func (c *category) Slug() string  { return c.c.Slug }
func (c *category) Name() string  { return c.c.Name }
func (c *category) Blurb() string { return c.c.Blurb }
func (c *category) Count() int32  { return count(int64(c.c.Count)) }

type cart struct {
	root *root
	c    store.Cart
}

func (c *cart) ID() graphql.ID { return id(c.c.ID) }
func (c *cart) Count() int32   { return count(c.c.Count()) }
func (c *cart) Total() float64 { return euros(c.c.TotalCents()) }
func (c *cart) Items() []*cartItem {
	return convert(c.c.Lines, func(l store.CartLine) *cartItem { return &cartItem{c.root, l} })
}

type cartItem struct {
	root *root
	l    store.CartLine
}

func (i *cartItem) Product() *product { return &product{i.root, i.l.Product} }
func (i *cartItem) Quantity() int32   { return count(i.l.Quantity) }
func (i *cartItem) Total() float64    { return euros(i.l.TotalCents()) }

type order struct {
	root *root
	o    store.Order
}

func (o *order) ID() graphql.ID { return id(o.o.ID) }
func (o *order) Date() string   { return o.root.cfg.Date(o.o.PlacedAt) }
func (o *order) Status() string { return o.o.Status }
func (o *order) Total() float64 { return euros(o.o.TotalCents) }
func (o *order) Lines() []*orderLine {
	return convert(o.o.Lines, func(l store.OrderLine) *orderLine { return &orderLine{l} })
}

type orderLine struct{ l store.OrderLine }

func (l *orderLine) SKU() string     { return l.l.SKU }
func (l *orderLine) Name() string    { return l.l.Name }
func (l *orderLine) Price() float64  { return euros(l.l.PriceCents) }
func (l *orderLine) Quantity() int32 { return count(l.l.Quantity) }
func (l *orderLine) Total() float64  { return euros(l.l.TotalCents()) }

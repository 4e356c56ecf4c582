package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Category is a shelf of the shop.
type Category struct {
	Slug  string
	Name  string
	Blurb string
	Count int // products on sale in it
}

// Product is an article. Tags are sorted.
type Product struct {
	ID          int64
	SKU         string
	Name        string
	Category    string // a Category's slug
	Description string
	Tags        []string
	PriceCents  int64
	Stock       int64
	PictureSeq  int64 // 0: the drawn picture; else the change that brought an uploaded one
	ChangeSeq   int64
	CreatedAt   time.Time
	UpdatedAt   time.Time
	Deleted     bool
}

// Sort orders, the values of Filter.Sort.
const (
	SortFeatured  = "featured" // by id
	SortName      = "name"
	SortPrice     = "price"
	SortPriceDown = "-price"
	SortNewest    = "newest"
)

// Sorts lists the sort orders.
func Sorts() []string { return []string{SortFeatured, SortName, SortPrice, SortPriceDown, SortNewest} }

// Each order ends with the id, so that pages never overlap.
func orderBy(sort string) string {
	switch sort {
	case SortName:
		return "p.name, p.id"
	case SortPrice:
		return "p.price_cents, p.id"
	case SortPriceDown:
		return "p.price_cents DESC, p.id"
	case SortNewest:
		return "p.created_at DESC, p.id DESC"
	}
	return "p.id"
}

// Filter chooses products on sale. The zero Filter chooses the first page of all.
type Filter struct {
	Query    string // every word must occur in the product's search text; "" all
	Category string // a slug; "" all
	Sort     string // one of Sorts; "" is SortFeatured
	Page     int    // from 1; 0 is 1
	PerPage  int    // default 24
}

// Page is one page of products.
type Page struct {
	Products []Product
	Total    int // on all pages
	Page     int
	PerPage  int
}

// Pages is the number of pages, at least 1.
func (p Page) Pages() int { return max(1, (p.Total+p.PerPage-1)/p.PerPage) }

const productColumns = `p.id, p.sku, p.name, p.category, p.description, p.price_cents, p.stock, p.picture_seq, p.change_seq,
	p.created_at, p.updated_at, p.deleted_at IS NOT NULL,
	COALESCE((SELECT string_agg(t.tag, ',' ORDER BY t.tag) FROM product_tags t WHERE t.product_id = p.id), '')`

func scanProduct(scan func(...any) error) (Product, error) {
	var p Product
	var created, updated int64
	var tags string
	err := scan(&p.ID, &p.SKU, &p.Name, &p.Category, &p.Description, &p.PriceCents, &p.Stock, &p.PictureSeq, &p.ChangeSeq,
		&created, &updated, &p.Deleted, &tags)
	p.CreatedAt, p.UpdatedAt = fromMillis(created), fromMillis(updated)
	if tags != "" {
		p.Tags = strings.Split(tags, ",")
	}
	return p, err
}

func selectProducts(ctx context.Context, q querier, rest string, args ...any) ([]Product, error) {
	var list []Product
	err := q.each(ctx, func(r *sql.Rows) error {
		p, err := scanProduct(r.Scan)
		list = append(list, p)
		return err
	}, "SELECT "+productColumns+" FROM products p "+rest, args...)
	return list, err
}

// Products is one page of the products on sale.
func (s *Store) Products(ctx context.Context, f Filter) (Page, error) {
	page := Page{Page: max(1, f.Page), PerPage: f.PerPage}
	if page.PerPage <= 0 {
		page.PerPage = 24
	}
	where, args := f.where()
	q := s.reader()
	if err := q.row(ctx, "SELECT COUNT(*) FROM products p "+where, args...).Scan(&page.Total); err != nil {
		return Page{}, fmt.Errorf("counting products: %w", err)
	}
	args = append(args, page.PerPage, (page.Page-1)*page.PerPage)
	var err error
	page.Products, err = selectProducts(ctx, q, where+" ORDER BY "+orderBy(f.Sort)+" LIMIT ? OFFSET ?", args...)
	if err != nil {
		return Page{}, fmt.Errorf("listing products: %w", err)
	}
	return page, nil
}

func (f Filter) where() (clause string, args []any) {
	clause = "WHERE p.deleted_at IS NULL"
	if f.Category != "" {
		clause += " AND p.category = ?"
		args = append(args, f.Category)
	}
	for _, word := range strings.Fields(strings.ToLower(f.Query)) {
		clause += ` AND p.search_text LIKE ? ESCAPE '\'`
		args = append(args, "%"+likeEscaper.Replace(word)+"%")
	}
	return clause, args
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// Product is a product on sale, or ErrNotFound.
func (s *Store) Product(ctx context.Context, id int64) (Product, error) {
	return getProduct(ctx, s.reader(), id)
}

func getProduct(ctx context.Context, q querier, id int64) (Product, error) {
	p, err := scanProduct(q.row(ctx, "SELECT "+productColumns+" FROM products p WHERE p.id = ? AND p.deleted_at IS NULL", id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Product{}, ErrNotFound
	}
	if err != nil {
		return Product{}, fmt.Errorf("reading product %d: %w", id, err)
	}
	return p, nil
}

// ScarceProducts is up to limit products of which few, but some, are left.
func (s *Store) ScarceProducts(ctx context.Context, limit int) ([]Product, error) {
	list, err := selectProducts(ctx, s.reader(), "WHERE p.deleted_at IS NULL AND p.stock BETWEEN 1 AND 5 ORDER BY p.stock, p.id LIMIT ?", limit)
	if err != nil {
		return nil, fmt.Errorf("listing scarce products: %w", err)
	}
	return list, nil
}

// ChangedProducts is the change feed: up to limit products, deleted ones too, whose latest change is later than after, oldest change first.
func (s *Store) ChangedProducts(ctx context.Context, after int64, limit int) ([]Product, error) {
	list, err := selectProducts(ctx, s.reader(), "WHERE p.change_seq > ? ORDER BY p.change_seq LIMIT ?", after, limit)
	if err != nil {
		return nil, fmt.Errorf("reading product changes after %d: %w", after, err)
	}
	return list, nil
}

// ProductsFrom is up to limit products, deleted ones too, with an id greater than after, by id.
func (s *Store) ProductsFrom(ctx context.Context, after int64, limit int) ([]Product, error) {
	list, err := selectProducts(ctx, s.reader(), "WHERE p.id > ? ORDER BY p.id LIMIT ?", after, limit)
	if err != nil {
		return nil, fmt.Errorf("reading products after %d: %w", after, err)
	}
	return list, nil
}

// ChangeSeq is the number of the latest product change.
func (s *Store) ChangeSeq(ctx context.Context) (int64, error) {
	var seq int64
	if err := s.reader().row(ctx, "SELECT value FROM counters WHERE name = 'product_change'").Scan(&seq); err != nil {
		return 0, fmt.Errorf("reading the product change counter: %w", err)
	}
	return seq, nil
}

// Categories lists the categories in their order of display.
func (s *Store) Categories(ctx context.Context) ([]Category, error) {
	var list []Category
	err := s.reader().each(ctx, func(r *sql.Rows) error {
		var c Category
		err := r.Scan(&c.Slug, &c.Name, &c.Blurb, &c.Count)
		list = append(list, c)
		return err
	}, `SELECT c.slug, c.name, c.blurb, (SELECT COUNT(*) FROM products p WHERE p.category = c.slug AND p.deleted_at IS NULL)
		FROM categories c ORDER BY c.position`)
	if err != nil {
		return nil, fmt.Errorf("listing categories: %w", err)
	}
	return list, nil
}

// searchText is what a search looks through; see products.search_text in the schema.
func searchText(p Product, category string) string {
	tags := slices.Sorted(slices.Values(p.Tags))
	return strings.ToLower(strings.Join([]string{p.Name, category, strings.Join(tags, " "), p.SKU, p.Description}, "\n"))
}

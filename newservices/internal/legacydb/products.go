package legacydb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Product is an article as the monolith keeps it, its tags gathered and sorted.
type Product struct {
	ID          int64
	SKU         string
	Name        string
	Category    string // a slug
	Description string
	Tags        []string
	SearchText  string // lower case; a search finds a product when each of its words occurs here
	PriceCents  int64
	Stock       int64
	PictureSeq  int64 // 0: the drawn picture; else the change that brought an uploaded one
	ChangeSeq   int64 // the product's latest change
	CreatedAt   time.Time
	UpdatedAt   time.Time
	Deleted     bool // no longer sold
}

// ProductSchema is what reading products needs of the database.
func ProductSchema() Schema {
	return Schema{
		"products": {"id", "sku", "name", "category", "description", "search_text", "price_cents", "stock", "picture_seq",
			"change_seq", "created_at", "updated_at", "deleted_at"},
		"product_tags": {"product_id", "tag"},
		"counters":     {"name", "value"},
	}
}

// ProductColumns are the columns that [ScanProduct] reads, of a table products that the query calls p.
const ProductColumns = `p.id, p.sku, p.name, p.category, p.description, p.search_text, p.price_cents, p.stock,
	p.picture_seq, p.change_seq, p.created_at, p.updated_at, p.deleted_at IS NOT NULL,
	COALESCE((SELECT string_agg(t.tag, ',' ORDER BY t.tag) FROM product_tags t WHERE t.product_id = p.id), '')`

// ScanProduct reads the ProductColumns of a row, and what the query selects behind them.
func ScanProduct(scan Scan, behind ...any) (Product, error) {
	var p Product
	var created, updated int64
	var tags string
	into := []any{&p.ID, &p.SKU, &p.Name, &p.Category, &p.Description, &p.SearchText, &p.PriceCents, &p.Stock,
		&p.PictureSeq, &p.ChangeSeq, &created, &updated, &p.Deleted, &tags}
	err := scan(append(into, behind...)...)
	p.CreatedAt, p.UpdatedAt = time.UnixMilli(created).UTC(), time.UnixMilli(updated).UTC()
	if tags != "" {
		p.Tags = strings.Split(tags, ",")
	}
	return p, err
}

// Product reads a product that is on sale, or ErrNotFound.
func (q Querier) Product(ctx context.Context, id int64) (Product, error) {
	p, err := ScanProduct(q.Row(ctx, "SELECT "+ProductColumns+" FROM products p WHERE p.id = ? AND p.deleted_at IS NULL", id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Product{}, ErrNotFound
	}
	if err != nil {
		return Product{}, fmt.Errorf("reading product %d: %w", id, err)
	}
	return p, nil
}

// ChangeSeq is the number of the latest change of any product.
func (q Querier) ChangeSeq(ctx context.Context) (seq int64, err error) {
	err = q.Row(ctx, "SELECT value FROM counters WHERE name = 'product_change'").Scan(&seq)
	if err != nil {
		return 0, fmt.Errorf("reading the number of the latest product change: %w", err)
	}
	return seq, nil
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Picture is an uploaded picture.
type Picture struct {
	ContentType string
	Data        []byte
	UploadedAt  time.Time
}

// nextChanges takes n numbers from the change counter and returns the last of them. It must come before the first touch of a product
// row in the transaction: the counter's row lock makes writers of products wait for each other, in one order.
func nextChanges(ctx context.Context, q querier, n int) (last int64, err error) {
	err = q.row(ctx, "UPDATE counters SET value = value + ? WHERE name = 'product_change' RETURNING value", n).Scan(&last)
	if err != nil {
		return 0, fmt.Errorf("counting a product change: %w", err)
	}
	return last, nil
}

// AddProduct puts a new product on sale and returns it as stored. ID, ChangeSeq and times are given by the store.
func (s *Store) AddProduct(ctx context.Context, p Product) (Product, error) {
	now := s.now()
	err := s.update(ctx, "adding a product", func(q querier) error {
		seq, err := nextChanges(ctx, q, 1)
		if err != nil {
			return err
		}
		p.ID, p.ChangeSeq, p.PictureSeq, p.CreatedAt, p.UpdatedAt = 0, seq, 0, now, now
		id, err := insertProduct(ctx, q, p)
		if err != nil {
			return err
		}
		p, err = getProduct(ctx, q, id)
		return err
	})
	return p, err
}

// SaveProduct stores name, category, description, tags, price and stock of the product on sale with p's ID, and returns it as stored.
func (s *Store) SaveProduct(ctx context.Context, p Product) (Product, error) {
	err := s.change(ctx, "saving", p.ID, func(q querier, seq int64) error {
		category, err := categoryName(ctx, q, p.Category)
		if err != nil {
			return err
		}
		n, err := q.exec(ctx, `UPDATE products SET name = ?, category = ?, description = ?, price_cents = ?, stock = ?,
			search_text = ?, updated_at = ?, change_seq = ? WHERE id = ? AND deleted_at IS NULL`,
			p.Name, p.Category, p.Description, p.PriceCents, p.Stock, searchText(p, category), s.nowMillis(), seq, p.ID)
		if err := oneRow(n, err); err != nil {
			return err
		}
		if _, err := q.exec(ctx, "DELETE FROM product_tags WHERE product_id = ?", p.ID); err != nil {
			return err
		}
		if err := insertTags(ctx, q, p.ID, p.Tags); err != nil {
			return err
		}
		p, err = getProduct(ctx, q, p.ID)
		return err
	})
	return p, err
}

// SetStock sets how many pieces of a product are there.
func (s *Store) SetStock(ctx context.Context, id, stock int64) error {
	return s.change(ctx, "setting the stock of", id, func(q querier, seq int64) error {
		return oneRow(q.exec(ctx, "UPDATE products SET stock = ?, updated_at = ?, change_seq = ? WHERE id = ? AND deleted_at IS NULL",
			stock, s.nowMillis(), seq, id))
	})
}

// SetPicture stores an uploaded picture in place of the earlier one.
func (s *Store) SetPicture(ctx context.Context, id int64, p Picture) error {
	return s.change(ctx, "setting the picture of", id, func(q querier, seq int64) error {
		now := s.nowMillis()
		n, err := q.exec(ctx, "UPDATE products SET picture_seq = ?, updated_at = ?, change_seq = ? WHERE id = ? AND deleted_at IS NULL",
			seq, now, seq, id)
		if err := oneRow(n, err); err != nil {
			return err
		}
		_, err = q.exec(ctx, `INSERT INTO product_pictures (product_id, content_type, data, uploaded_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (product_id) DO UPDATE SET content_type = excluded.content_type, data = excluded.data, uploaded_at = excluded.uploaded_at`,
			id, p.ContentType, p.Data, now)
		return err
	})
}

// Picture is a product's uploaded picture, or ErrNotFound when it has none.
func (s *Store) Picture(ctx context.Context, id int64) (Picture, error) {
	var p Picture
	var at int64
	err := s.reader().row(ctx, "SELECT content_type, data, uploaded_at FROM product_pictures WHERE product_id = ?", id).
		Scan(&p.ContentType, &p.Data, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return Picture{}, ErrNotFound
	}
	if err != nil {
		return Picture{}, fmt.Errorf("reading the picture of product %d: %w", id, err)
	}
	p.UploadedAt = fromMillis(at)
	return p, nil
}

// DeleteProduct takes a product off sale and out of every cart. Its row stays for orders and for readers of the change feed.
func (s *Store) DeleteProduct(ctx context.Context, id int64) error {
	return s.change(ctx, "deleting", id, func(q querier, seq int64) error {
		now := s.nowMillis()
		n, err := q.exec(ctx, "UPDATE products SET deleted_at = ?, updated_at = ?, change_seq = ? WHERE id = ? AND deleted_at IS NULL",
			now, now, seq, id)
		if err := oneRow(n, err); err != nil {
			return err
		}
		_, err = q.exec(ctx, "DELETE FROM cart_items WHERE product_id = ?", id)
		return err
	})
}

// change runs fn in a transaction that holds the next change number.
func (s *Store) change(ctx context.Context, doing string, id int64, fn func(q querier, seq int64) error) error {
	return s.update(ctx, fmt.Sprintf("%s product %d", doing, id), func(q querier) error {
		seq, err := nextChanges(ctx, q, 1)
		if err != nil {
			return err
		}
		return fn(q, seq)
	})
}

// oneRow is ErrNotFound when an update found no row.
func oneRow(n int64, err error) error {
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

func insertProduct(ctx context.Context, q querier, p Product) (id int64, err error) {
	category, err := categoryName(ctx, q, p.Category)
	if err != nil {
		return 0, err
	}
	id, err = insert(ctx, q, "products", p.ID, []field{
		{"sku", p.SKU}, {"name", p.Name}, {"category", p.Category}, {"description", p.Description},
		{"price_cents", p.PriceCents}, {"stock", p.Stock}, {"search_text", searchText(p, category)}, {"picture_seq", p.PictureSeq},
		{"created_at", millis(p.CreatedAt)}, {"updated_at", millis(p.UpdatedAt)}, {"change_seq", p.ChangeSeq},
	})
	if q.isDuplicate(err) {
		return 0, ErrSKUTaken
	}
	if err != nil {
		return 0, err
	}
	return id, insertTags(ctx, q, id, p.Tags)
}

func insertTags(ctx context.Context, q querier, id int64, tags []string) error {
	for _, tag := range slices.Compact(slices.Sorted(slices.Values(tags))) {
		if _, err := q.exec(ctx, "INSERT INTO product_tags (product_id, tag) VALUES (?, ?)", id, tag); err != nil {
			return fmt.Errorf("tag %q: %w", tag, err)
		}
	}
	return nil
}

func categoryName(ctx context.Context, q querier, slug string) (string, error) {
	var name string
	err := q.row(ctx, "SELECT name FROM categories WHERE slug = ?", slug).Scan(&name)
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrCategory
	}
	return name, err
}

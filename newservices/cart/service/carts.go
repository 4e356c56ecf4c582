package service

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"time"

	"ficus/newservices/internal/legacydb"
	"ficus/newservices/internal/shopapi"
)

// maxQuantity is the most pieces of one product that a cart holds.
const maxQuantity = 99

// schema is what the carts need of the database, beside sessions and products.
func schema() legacydb.Schema {
	return legacydb.Schema{
		"users":      {"id", "last_login_at"},
		"carts":      {"id", "user_id", "version", "created_at", "updated_at"},
		"cart_items": {"cart_id", "product_id", "quantity", "added_at"},
	}
}

// cart is what a visitor wants to buy. The version rises with every change of its lines.
type cart struct {
	id, version int64
	lines       []line
}

// line is a product in a cart, at today's price.
type line struct {
	product  legacydb.Product
	quantity int64
}

// carts reads and changes carts in the monolith's tables, in the monolith's order of locks: the cart's
// row, then its lines.
type carts struct {
	db  *legacydb.DB
	now func() time.Time
}

// ofUser finds the cart of a user, or makes it as the monolith does at the first login; ErrNotFound if
// there is no such user.
func (c *carts) ofUser(ctx context.Context, userID int64) (id int64, err error) {
	const find = "SELECT id FROM carts WHERE user_id = ?"
	err = c.db.Reader().Row(ctx, find, userID).Scan(&id)
	if err == nil {
		return id, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("finding the cart of user %d: %w", userID, err)
	}
	err = c.db.Update(ctx, fmt.Sprintf("making the cart of user %d", userID), func(q legacydb.Querier) error {
		// The update changes nothing: it is the monolith's lock that keeps two logins from making two carts.
		if err := mustChange(q.Exec(ctx, "UPDATE users SET last_login_at = last_login_at WHERE id = ?", userID)); err != nil {
			return err
		}
		err := q.Row(ctx, find, userID).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			now := c.now().UnixMilli()
			err = q.Row(ctx, "INSERT INTO carts (user_id, created_at, updated_at) VALUES (?, ?, ?) RETURNING id", userID, now, now).Scan(&id)
		}
		return err
	})
	return id, err
}

// read returns a cart and the number of the latest product change, which is not newer than the cart.
func (c *carts) read(ctx context.Context, id int64) (seq int64, found cart, err error) {
	q := c.db.Reader()
	if seq, err = q.ChangeSeq(ctx); err != nil {
		return 0, cart{}, err
	}
	found, err = read(ctx, q, id)
	return seq, found, err
}

// read leaves out products that are no longer on sale.
func read(ctx context.Context, q legacydb.Querier, id int64) (cart, error) {
	c := cart{id: id}
	err := q.Row(ctx, "SELECT version FROM carts WHERE id = ?", id).Scan(&c.version)
	if errors.Is(err, sql.ErrNoRows) {
		return cart{}, legacydb.ErrNotFound
	}
	if err != nil {
		return cart{}, fmt.Errorf("reading cart %d: %w", id, err)
	}
	err = q.Each(ctx, func(scan legacydb.Scan) error {
		var l line
		var err error
		l.product, err = legacydb.ScanProduct(scan, &l.quantity)
		c.lines = append(c.lines, l)
		return err
	}, "SELECT "+legacydb.ProductColumns+`, i.quantity FROM cart_items i JOIN products p ON p.id = i.product_id
		WHERE i.cart_id = ? AND p.deleted_at IS NULL ORDER BY i.added_at, i.product_id`, id)
	if err != nil {
		return cart{}, fmt.Errorf("reading the lines of cart %d: %w", id, err)
	}
	return c, nil
}

// add puts more pieces of a product into a cart and returns the cart.
func (c *carts) add(ctx context.Context, cartID, productID, quantity int64) (cart, error) {
	if quantity < 1 || quantity > maxQuantity {
		return cart{}, badQuantity()
	}
	return c.change(ctx, cartID, func(q legacydb.Querier) error {
		have, err := quantityOf(ctx, q, cartID, productID)
		if err != nil && !errors.Is(err, legacydb.ErrNotFound) {
			return err
		}
		return c.setLine(ctx, q, cartID, productID, have+quantity)
	})
}

// set sets how many pieces a line of the cart has, 0 to take it out, and returns the cart.
func (c *carts) set(ctx context.Context, cartID, productID, quantity int64) (cart, error) {
	if quantity < 0 || quantity > maxQuantity {
		return cart{}, badQuantity()
	}
	return c.change(ctx, cartID, func(q legacydb.Querier) error {
		if quantity == 0 {
			return mustChange(q.Exec(ctx, "DELETE FROM cart_items WHERE cart_id = ? AND product_id = ?", cartID, productID))
		}
		if _, err := quantityOf(ctx, q, cartID, productID); err != nil {
			return err
		}
		return c.setLine(ctx, q, cartID, productID, quantity)
	})
}

// change runs fn with the cart locked, by the rise of its version, and returns the cart after it.
func (c *carts) change(ctx context.Context, cartID int64, fn func(q legacydb.Querier) error) (after cart, err error) {
	err = c.db.Update(ctx, fmt.Sprintf("changing cart %d", cartID), func(q legacydb.Querier) error {
		err := mustChange(q.Exec(ctx, "UPDATE carts SET version = version + 1, updated_at = ? WHERE id = ?", c.now().UnixMilli(), cartID))
		if err == nil {
			err = fn(q)
		}
		if err == nil {
			after, err = read(ctx, q, cartID)
		}
		return err
	})
	return after, err
}

func (c *carts) setLine(ctx context.Context, q legacydb.Querier, cartID, productID, quantity int64) error {
	if quantity > maxQuantity {
		return badQuantity()
	}
	p, err := q.Product(ctx, productID)
	if err != nil {
		return err
	}
	if p.Stock < quantity {
		return tooFew(p)
	}
	_, err = q.Exec(ctx, `INSERT INTO cart_items (cart_id, product_id, quantity, added_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (cart_id, product_id) DO UPDATE SET quantity = excluded.quantity`, cartID, productID, quantity, c.now().UnixMilli())
	return err
}

func quantityOf(ctx context.Context, q legacydb.Querier, cartID, productID int64) (n int64, err error) {
	err = q.Row(ctx, "SELECT quantity FROM cart_items WHERE cart_id = ? AND product_id = ?", cartID, productID).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		err = legacydb.ErrNotFound
	}
	return n, err
}

// mustChange is ErrNotFound when a statement changed no row.
func mustChange(rows int64, err error) error {
	if err == nil && rows == 0 {
		return legacydb.ErrNotFound
	}
	return err
}

func badQuantity() error {
	return &shopapi.Failure{
		Status: http.StatusUnprocessableEntity, Code: "bad_quantity",
		Message: fmt.Sprintf("the quantity must be between 1 and %d", maxQuantity),
	}
}

// tooFew says that fewer pieces of a product are left than were asked for.
func tooFew(p legacydb.Product) error {
	message := fmt.Sprintf("only %d of %s left", p.Stock, p.Name)
	if p.Stock == 0 {
		message = p.Name + " is sold out"
	}
	return &shopapi.Failure{
		Status: http.StatusConflict, Code: "insufficient_stock", Message: message,
		Extra: map[string]any{"product_id": p.ID, "available": p.Stock},
	}
}

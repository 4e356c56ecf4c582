package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// CartLine is a product in a cart, at today's price.
type CartLine struct {
	Product  Product
	Quantity int64
}

// TotalCents is the line's price.
func (l CartLine) TotalCents() int64 { return l.Product.PriceCents * l.Quantity }

// Cart is what a visitor wants to buy. Version rises with every change of its lines.
type Cart struct {
	ID      int64
	Version int64
	Lines   []CartLine // in the order in which they were added
}

// Count is the number of pieces.
func (c Cart) Count() (n int64) {
	for _, l := range c.Lines {
		n += l.Quantity
	}
	return n
}

// TotalCents is the price of all.
func (c Cart) TotalCents() (n int64) {
	for _, l := range c.Lines {
		n += l.TotalCents()
	}
	return n
}

// Cart reads a cart. Products that are no longer on sale do not show.
func (s *Store) Cart(ctx context.Context, id int64) (Cart, error) {
	c, err := getCart(ctx, s.reader(), id)
	if err != nil {
		return Cart{}, fmt.Errorf("reading cart %d: %w", id, err)
	}
	return c, nil
}

func getCart(ctx context.Context, q querier, id int64) (Cart, error) {
	c := Cart{ID: id}
	if err := q.row(ctx, "SELECT version FROM carts WHERE id = ?", id).Scan(&c.Version); errors.Is(err, sql.ErrNoRows) {
		return Cart{}, ErrNotFound
	} else if err != nil {
		return Cart{}, err
	}
	err := q.each(ctx, func(r *sql.Rows) error {
		var l CartLine
		var err error
		l.Product, err = scanProduct(func(into ...any) error { return r.Scan(append(into, &l.Quantity)...) })
		c.Lines = append(c.Lines, l)
		return err
	}, "SELECT "+productColumns+`, i.quantity FROM cart_items i JOIN products p ON p.id = i.product_id
		WHERE i.cart_id = ? AND p.deleted_at IS NULL ORDER BY i.added_at, i.product_id`, id)
	return c, err
}

// CartCount is the number of pieces in a cart.
func (s *Store) CartCount(ctx context.Context, id int64) (n int64, err error) {
	err = s.reader().row(ctx, `SELECT CAST(COALESCE(SUM(i.quantity), 0) AS BIGINT) FROM cart_items i JOIN products p ON p.id = i.product_id
		WHERE i.cart_id = ? AND p.deleted_at IS NULL`, id).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting cart %d: %w", id, err)
	}
	return n, nil
}

// AddToCart puts quantity more pieces of a product into a cart and returns the cart. Errors: ErrQuantity if the line would leave the
// range 1 to MaxQuantity, ErrNotFound for a product that is not on sale, *StockError if fewer are left.
func (s *Store) AddToCart(ctx context.Context, cartID, productID, quantity int64) (Cart, error) {
	if quantity < 1 || quantity > MaxQuantity {
		return Cart{}, ErrQuantity
	}
	return s.changeCart(ctx, cartID, func(q querier) error {
		var have int64
		err := q.row(ctx, "SELECT quantity FROM cart_items WHERE cart_id = ? AND product_id = ?", cartID, productID).Scan(&have)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return s.setLine(ctx, q, cartID, productID, have+quantity)
	})
}

// SetCartLine sets how many pieces of a product, which is in the cart already, the cart holds, and returns the cart; 0 takes it out.
// Errors as AddToCart; ErrNotFound also if the product is not in the cart.
func (s *Store) SetCartLine(ctx context.Context, cartID, productID, quantity int64) (Cart, error) {
	if quantity < 0 || quantity > MaxQuantity {
		return Cart{}, ErrQuantity
	}
	return s.changeCart(ctx, cartID, func(q querier) error {
		if quantity == 0 {
			return oneRow(q.exec(ctx, "DELETE FROM cart_items WHERE cart_id = ? AND product_id = ?", cartID, productID))
		}
		var have int64
		err := q.row(ctx, "SELECT quantity FROM cart_items WHERE cart_id = ? AND product_id = ?", cartID, productID).Scan(&have)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		return s.setLine(ctx, q, cartID, productID, quantity)
	})
}

// changeCart runs fn with the cart locked and returns the cart after it.
func (s *Store) changeCart(ctx context.Context, cartID int64, fn func(q querier) error) (c Cart, err error) {
	err = s.update(ctx, fmt.Sprintf("changing cart %d", cartID), func(q querier) error {
		if err := s.lockCart(ctx, q, cartID); err != nil {
			return err
		}
		if err := fn(q); err != nil {
			return err
		}
		c, err = getCart(ctx, q, cartID)
		return err
	})
	return c, err
}

func (s *Store) lockCart(ctx context.Context, q querier, id int64) error {
	return oneRow(q.exec(ctx, "UPDATE carts SET version = version + 1, updated_at = ? WHERE id = ?", s.nowMillis(), id))
}

func (s *Store) setLine(ctx context.Context, q querier, cartID, productID, quantity int64) error {
	if quantity > MaxQuantity {
		return ErrQuantity
	}
	p, err := getProduct(ctx, q, productID)
	if err != nil {
		return err
	}
	if p.Stock < quantity {
		return &StockError{ProductID: p.ID, Name: p.Name, Available: p.Stock}
	}
	_, err = q.exec(ctx, `INSERT INTO cart_items (cart_id, product_id, quantity, added_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (cart_id, product_id) DO UPDATE SET quantity = excluded.quantity`, cartID, productID, quantity, s.nowMillis())
	return err
}

func insertCart(ctx context.Context, q querier, userID, now int64) (int64, error) {
	return insert(ctx, q, "carts", 0, []field{{"user_id", nullID(userID)}, {"created_at", now}, {"updated_at", now}})
}

// userCart finds or makes the cart of a user whose row the transaction has locked.
func (s *Store) userCart(ctx context.Context, q querier, userID int64) (id int64, err error) {
	err = q.row(ctx, "SELECT id FROM carts WHERE user_id = ?", userID).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return insertCart(ctx, q, userID, s.nowMillis())
	}
	return id, err
}

// mergeCart adds the lines of a guest's cart to a user's, up to MaxQuantity each, and forgets the guest's.
func (s *Store) mergeCart(ctx context.Context, q querier, guest, user int64) error {
	if err := s.lockCart(ctx, q, user); err != nil {
		return err
	}
	_, err := q.exec(ctx, fmt.Sprintf(`INSERT INTO cart_items (cart_id, product_id, quantity, added_at)
		SELECT c.id, i.product_id, i.quantity, i.added_at FROM cart_items i JOIN carts c ON c.id = ? WHERE i.cart_id = ?
		ON CONFLICT (cart_id, product_id) DO UPDATE SET quantity = CASE
			WHEN cart_items.quantity + excluded.quantity > %d THEN %d ELSE cart_items.quantity + excluded.quantity END`,
		MaxQuantity, MaxQuantity), user, guest)
	if err != nil {
		return err
	}
	return dropGuestCart(ctx, q, guest)
}

// dropGuestCart forgets a guest's cart that no session points to any more.
func dropGuestCart(ctx context.Context, q querier, id int64) error {
	_, err := q.exec(ctx, `DELETE FROM carts WHERE id = ? AND user_id IS NULL
		AND NOT EXISTS (SELECT 1 FROM sessions x WHERE x.cart_id = carts.id)`, id)
	return err
}

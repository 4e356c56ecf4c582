package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// StatusPlaced is the status of a new order. The others, which the shop only shows, are packed, shipped, delivered and cancelled.
const StatusPlaced = "placed"

// Address is where an order goes.
type Address struct {
	Name     string
	Street   string
	Postcode string
	City     string
	Country  string
}

// OrderLine is a product as it was when it was ordered.
type OrderLine struct {
	ProductID  int64
	SKU        string
	Name       string
	PriceCents int64
	Quantity   int64
}

// TotalCents is the line's price.
func (l OrderLine) TotalCents() int64 { return l.PriceCents * l.Quantity }

// Order is a placed order.
type Order struct {
	ID         int64
	UserID     int64
	CartID     int64 // 0 for orders older than the database
	Status     string
	PlacedAt   time.Time
	Address    Address
	TotalCents int64
	Lines      []OrderLine
}

// Count is the number of pieces.
func (o Order) Count() (n int64) {
	for _, l := range o.Lines {
		n += l.Quantity
	}
	return n
}

// PlaceOrder turns a cart into an order, in one transaction: the stock falls, the cart is emptied. Errors: ErrCartEmpty, and *StockError
// for the first line of which too few are left; then nothing has happened.
func (s *Store) PlaceOrder(ctx context.Context, userID, cartID int64, to Address) (Order, error) {
	o := Order{UserID: userID, CartID: cartID, Status: StatusPlaced, PlacedAt: s.now().UTC().Truncate(time.Millisecond), Address: to}
	err := s.update(ctx, fmt.Sprintf("placing an order of user %d", userID), func(q querier) error {
		if err := s.lockCart(ctx, q, cartID); err != nil {
			return err
		}
		cart, err := getCart(ctx, q, cartID)
		if err != nil {
			return err
		}
		if len(cart.Lines) == 0 {
			return ErrCartEmpty
		}
		if err := s.takeStock(ctx, q, cart.Lines); err != nil {
			return err
		}
		for _, l := range cart.Lines {
			p := l.Product
			o.Lines = append(o.Lines, OrderLine{ProductID: p.ID, SKU: p.SKU, Name: p.Name, PriceCents: p.PriceCents, Quantity: l.Quantity})
		}
		o.TotalCents = cart.TotalCents()
		if o.ID, err = insertOrder(ctx, q, o); err != nil {
			return err
		}
		_, err = q.exec(ctx, "DELETE FROM cart_items WHERE cart_id = ?", cartID)
		return err
	})
	if err != nil {
		return Order{}, err
	}
	return o, nil
}

// takeStock lowers the stock of each product; each is a product change.
func (s *Store) takeStock(ctx context.Context, q querier, lines []CartLine) error {
	last, err := nextChanges(ctx, q, len(lines))
	if err != nil {
		return err
	}
	for i, l := range lines {
		seq := last - int64(len(lines)-1-i)
		n, err := q.exec(ctx, `UPDATE products SET stock = stock - ?, updated_at = ?, change_seq = ?
			WHERE id = ? AND stock >= ? AND deleted_at IS NULL`, l.Quantity, s.nowMillis(), seq, l.Product.ID, l.Quantity)
		if err != nil {
			return err
		}
		if n == 0 {
			p, err := getProduct(ctx, q, l.Product.ID)
			if err != nil && !errors.Is(err, ErrNotFound) {
				return err
			}
			return &StockError{ProductID: l.Product.ID, Name: l.Product.Name, Available: p.Stock}
		}
	}
	return nil
}

func insertOrder(ctx context.Context, q querier, o Order) (int64, error) {
	id, err := insert(ctx, q, "orders", o.ID, []field{
		{"user_id", o.UserID}, {"cart_id", o.CartID}, {"status", o.Status}, {"placed_at", millis(o.PlacedAt)},
		{"name", o.Address.Name}, {"street", o.Address.Street}, {"postcode", o.Address.Postcode}, {"city", o.Address.City},
		{"country", o.Address.Country}, {"total_cents", o.TotalCents},
	})
	if err != nil {
		return 0, err
	}
	for i, l := range o.Lines {
		if _, err := q.exec(ctx, `INSERT INTO order_items (order_id, line, product_id, sku, name, price_cents, quantity)
			VALUES (?, ?, ?, ?, ?, ?, ?)`, id, i+1, l.ProductID, l.SKU, l.Name, l.PriceCents, l.Quantity); err != nil {
			return 0, err
		}
	}
	return id, nil
}

const orderColumns = `o.id, o.user_id, o.cart_id, o.status, o.placed_at, o.name, o.street, o.postcode, o.city, o.country, o.total_cents`

func (s *Store) selectOrders(ctx context.Context, rest string, args ...any) ([]Order, error) {
	var list []Order
	q := s.reader()
	err := q.each(ctx, func(r *sql.Rows) error {
		var o Order
		var placed int64
		err := r.Scan(&o.ID, &o.UserID, &o.CartID, &o.Status, &placed, &o.Address.Name, &o.Address.Street, &o.Address.Postcode,
			&o.Address.City, &o.Address.Country, &o.TotalCents)
		o.PlacedAt = fromMillis(placed)
		list = append(list, o)
		return err
	}, "SELECT "+orderColumns+" FROM orders o "+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("reading orders: %w", err)
	}
	for i := range list {
		if list[i].Lines, err = orderLines(ctx, q, list[i].ID); err != nil {
			return nil, fmt.Errorf("reading the lines of order %d: %w", list[i].ID, err)
		}
	}
	return list, nil
}

func orderLines(ctx context.Context, q querier, id int64) (lines []OrderLine, err error) {
	err = q.each(ctx, func(r *sql.Rows) error {
		var l OrderLine
		err := r.Scan(&l.ProductID, &l.SKU, &l.Name, &l.PriceCents, &l.Quantity)
		lines = append(lines, l)
		return err
	}, "SELECT product_id, sku, name, price_cents, quantity FROM order_items WHERE order_id = ? ORDER BY line", id)
	return lines, err
}

// Orders lists up to limit orders of a user, the latest first.
func (s *Store) Orders(ctx context.Context, userID int64, limit int) ([]Order, error) {
	return s.selectOrders(ctx, "WHERE o.user_id = ? ORDER BY o.placed_at DESC, o.id DESC LIMIT ?", userID, limit)
}

// RecentOrders lists up to limit orders of all users, the latest first.
func (s *Store) RecentOrders(ctx context.Context, limit int) ([]Order, error) {
	return s.selectOrders(ctx, "ORDER BY o.placed_at DESC, o.id DESC LIMIT ?", limit)
}

// OrdersFrom lists up to limit orders of all users with an id greater than after, by id.
func (s *Store) OrdersFrom(ctx context.Context, after int64, limit int) ([]Order, error) {
	return s.selectOrders(ctx, "WHERE o.id > ? ORDER BY o.id LIMIT ?", after, limit)
}

// Order finds an order, or ErrNotFound. The caller must check whose it is.
func (s *Store) Order(ctx context.Context, id int64) (Order, error) {
	list, err := s.selectOrders(ctx, "WHERE o.id = ?", id)
	if err != nil {
		return Order{}, err
	}
	if len(list) == 0 {
		return Order{}, ErrNotFound
	}
	return list[0], nil
}

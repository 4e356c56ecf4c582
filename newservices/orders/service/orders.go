package service

import (
	"context"
	"fmt"
	"time"

	"ficus/newservices/internal/legacydb"
)

// schema is what the orders need of the database.
func schema() legacydb.Schema {
	return legacydb.Schema{
		"orders":      {"id", "user_id", "cart_id", "status", "placed_at", "name", "street", "postcode", "city", "country", "total_cents"},
		"order_items": {"order_id", "line", "product_id", "sku", "name", "price_cents", "quantity"},
	}
}

// order is what a customer has ordered, with names and prices as they were then.
type order struct {
	ID         int64
	userID     int64
	cartID     int64 // 0 for orders older than the database
	Status     string
	PlacedAt   time.Time
	Address    address
	TotalCents int64
	Lines      []line
}

type address struct {
	Name     string `json:"name"`
	Street   string `json:"street"`
	Postcode string `json:"postcode"`
	City     string `json:"city"`
	Country  string `json:"country"`
}

type line struct {
	ProductID  int64
	SKU        string
	Name       string
	PriceCents int64
	Quantity   int64
}

// TotalCents is the line's price.
func (l line) TotalCents() int64 { return l.PriceCents * l.Quantity }

// Count is the number of pieces.
func (o order) Count() (n int64) {
	for _, l := range o.Lines {
		n += l.Quantity
	}
	return n
}

// ordersOf lists up to limit orders of a user, the latest first.
func (s *Service) ordersOf(ctx context.Context, userID int64, limit int) ([]order, error) {
	return s.orders(ctx, "SELECT * FROM orders WHERE user_id = ? ORDER BY placed_at DESC, id DESC LIMIT ?", userID, limit)
}

// order finds an order, or ErrNotFound. The caller must check whose it is.
func (s *Service) order(ctx context.Context, id int64) (order, error) {
	list, err := s.orders(ctx, "SELECT * FROM orders WHERE id = ?", id)
	if err == nil && len(list) == 0 {
		err = legacydb.ErrNotFound
	}
	if err != nil {
		return order{}, err
	}
	return list[0], nil
}

// orders reads the orders that a query chooses, with their lines, the latest first. Both are of one
// moment.
func (s *Service) orders(ctx context.Context, choose string, args ...any) (list []order, err error) {
	err = s.db.Snapshot(ctx, "reading orders", func(q legacydb.Querier) error {
		at := map[int64]int{}
		err := q.Each(ctx, func(scan legacydb.Scan) error {
			var o order
			var placed int64
			to := &o.Address
			err := scan(&o.ID, &o.userID, &o.cartID, &o.Status, &placed, &to.Name, &to.Street, &to.Postcode, &to.City, &to.Country, &o.TotalCents)
			o.PlacedAt = time.UnixMilli(placed).UTC()
			at[o.ID] = len(list)
			list = append(list, o)
			return err
		}, `SELECT o.id, o.user_id, o.cart_id, o.status, o.placed_at, o.name, o.street, o.postcode, o.city, o.country, o.total_cents
			FROM (`+choose+`) o ORDER BY o.placed_at DESC, o.id DESC`, args...)
		if err != nil {
			return err
		}
		return q.Each(ctx, func(scan legacydb.Scan) error {
			var id int64
			var l line
			if err := scan(&id, &l.ProductID, &l.SKU, &l.Name, &l.PriceCents, &l.Quantity); err != nil {
				return err
			}
			i, ok := at[id]
			if !ok {
				return fmt.Errorf("a line of order %d, which was not chosen", id)
			}
			list[i].Lines = append(list[i].Lines, l)
			return nil
		}, `SELECT i.order_id, i.product_id, i.sku, i.name, i.price_cents, i.quantity
			FROM (`+choose+`) o JOIN order_items i ON i.order_id = o.id ORDER BY i.order_id, i.line`, args...)
	})
	return list, err
}

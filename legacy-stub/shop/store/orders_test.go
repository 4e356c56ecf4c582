package store

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlaceOrder(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, c *clock) {
		ctx := t.Context()
		cart := must(s.Login(ctx, guest(t, s, "g"), 1, "u", "c"))(t).CartID
		if _, err := s.PlaceOrder(ctx, 1, cart, Address{}); !errors.Is(err, ErrCartEmpty) {
			t.Errorf("an empty cart: %v, want ErrCartEmpty", err)
		}
		must(s.AddToCart(ctx, cart, 1, 3))(t)
		must(s.AddToCart(ctx, cart, 4, 1))(t)
		to := Address{"Ann", "Main Street 1", "12345", "Town", "Land"}
		placed := must(s.PlaceOrder(ctx, 1, cart, to))(t)
		want := Order{ID: 1002, UserID: 1, CartID: cart, Status: StatusPlaced, PlacedAt: c.Now(), Address: to, TotalCents: 8250,
			Lines: []OrderLine{{1, "CUP-1", "Blue Mug", 1250, 3}, {4, "HAT-2", "100% Wool_Hat", 4500, 1}}}
		if diff := cmp.Diff(want, placed); diff != "" {
			t.Errorf("placed (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, must(s.Order(ctx, placed.ID))(t)); diff != "" {
			t.Errorf("read again (-want +got):\n%s", diff)
		}
		if n := must(s.CartCount(ctx, cart))(t); n != 0 {
			t.Errorf("%d pieces still in the cart", n)
		}
		if p := must(s.Product(ctx, 1))(t); p.Stock != 7 {
			t.Errorf("stock %d, want 7", p.Stock)
		}
		var ids []int64
		for _, o := range must(s.Orders(ctx, 1, 10))(t) {
			ids = append(ids, o.ID)
		}
		if diff := cmp.Diff([]int64{1002, 1001}, ids); diff != "" {
			t.Errorf("orders (-want +got):\n%s", diff)
		}
		if _, err := s.Order(ctx, 77); !errors.Is(err, ErrNotFound) {
			t.Errorf("order 77: %v, want ErrNotFound", err)
		}
	})
}

func TestFailedOrderChangesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		ctx, cart := t.Context(), guest(t, s, "g").CartID
		must(s.AddToCart(ctx, cart, 1, 3))(t)
		must(s.AddToCart(ctx, cart, 2, 2))(t)
		if err := s.SetStock(ctx, 2, 1); err != nil {
			t.Fatal(err)
		}
		before := must(s.ChangeSeq(ctx))(t)
		var stock *StockError
		if _, err := s.PlaceOrder(ctx, 1, cart, Address{}); !errors.As(err, &stock) || stock.ProductID != 2 || stock.Available != 1 {
			t.Fatalf("error %v, want that one piece of product 2 is left", err)
		}
		if p := must(s.Product(ctx, 1))(t); p.Stock != 10 {
			t.Errorf("stock of the other line is %d, want 10", p.Stock)
		}
		if n := must(s.CartCount(ctx, cart))(t); n != 5 {
			t.Errorf("%d pieces in the cart, want 5", n)
		}
		if after := must(s.ChangeSeq(ctx))(t); after != before {
			t.Errorf("the change counter went from %d to %d", before, after)
		}
	})
}

// Ten carts want the last two mugs: two orders succeed.
func TestOrdersAtOnceNeverOversell(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		var carts []int64
		for i := range 10 {
			cart := guest(t, s, string(rune('a'+i))).CartID
			must(s.AddToCart(t.Context(), cart, 2, 1))(t)
			must(s.AddToCart(t.Context(), cart, 1, 1))(t)
			carts = append(carts, cart)
		}
		var placed atomic.Int64
		var wg sync.WaitGroup
		for _, cart := range carts {
			wg.Go(func() {
				var stock *StockError
				if _, err := s.PlaceOrder(t.Context(), 1, cart, Address{}); err == nil {
					placed.Add(1)
				} else if !errors.As(err, &stock) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		p := must(s.Product(t.Context(), 2))(t)
		if placed.Load() != 2 || p.Stock != 0 {
			t.Errorf("%d orders, %d left; want 2 orders and none left", placed.Load(), p.Stock)
		}
	})
}

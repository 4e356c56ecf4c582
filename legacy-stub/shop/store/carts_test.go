package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lines is a cart as "SKU×quantity".
func lines(c Cart) []string {
	list := []string{}
	for _, l := range c.Lines {
		list = append(list, fmt.Sprintf("%s×%d", l.Product.SKU, l.Quantity))
	}
	return list
}

func TestCartSteps(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		ctx, cart := t.Context(), guest(t, s, "a").CartID
		add := func(product, n int64) func() (Cart, error) {
			return func() (Cart, error) { return s.AddToCart(ctx, cart, product, n) }
		}
		set := func(product, n int64) func() (Cart, error) {
			return func() (Cart, error) { return s.SetCartLine(ctx, cart, product, n) }
		}
		steps := []struct {
			name string
			do   func() (Cart, error)
			err  error
			want []string
		}{
			{"add", add(1, 2), nil, []string{"CUP-1×2"}},
			{"add again", add(1, 3), nil, []string{"CUP-1×5"}},
			{"add another", add(4, 1), nil, []string{"CUP-1×5", "HAT-2×1"}},
			{"add more than there is", add(2, 3), &StockError{2, "Red Mug", 2}, nil},
			{"add more than there is, in two steps", add(1, 6), &StockError{1, "Blue Mug", 10}, nil},
			{"add what is sold out", add(3, 1), &StockError{3, "Straw Hat", 0}, nil},
			{"add nothing", add(1, 0), ErrQuantity, nil},
			{"add less than nothing", add(1, -1), ErrQuantity, nil},
			{"add too much", add(1, 100), ErrQuantity, nil},
			{"add what is not there", add(99, 1), ErrNotFound, nil},
			{"set", set(1, 1), nil, []string{"CUP-1×1", "HAT-2×1"}},
			{"set more than there is", set(4, 8), &StockError{4, "100% Wool_Hat", 7}, nil},
			{"set what is not in the cart", set(2, 1), ErrNotFound, nil},
			{"take out", set(1, 0), nil, []string{"HAT-2×1"}},
			{"take out again", set(1, 0), ErrNotFound, nil},
		}
		version := int64(0)
		for _, step := range steps {
			got, err := step.do()
			if step.err != nil {
				var stock *StockError
				if errors.As(step.err, &stock) {
					var have *StockError
					if !errors.As(err, &have) || *have != *stock {
						t.Errorf("%s: error %v, want %v", step.name, err, step.err)
					}
				} else if !errors.Is(err, step.err) {
					t.Errorf("%s: error %v, want %v", step.name, err, step.err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
			if diff := cmp.Diff(step.want, lines(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", step.name, diff)
			}
			if got.Version <= version {
				t.Errorf("%s: version %d is not after %d", step.name, got.Version, version)
			}
			version = got.Version
		}
		if n := must(s.CartCount(ctx, cart))(t); n != 1 {
			t.Errorf("%d pieces in the cart, want 1", n)
		}
	})
}

func TestDeletedProductLeavesCarts(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		cart := guest(t, s, "a").CartID
		must(s.AddToCart(t.Context(), cart, 1, 1))(t)
		if err := s.DeleteProduct(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if c := must(s.Cart(t.Context(), cart))(t); len(c.Lines) != 0 {
			t.Errorf("the cart holds %v, want nothing", lines(c))
		}
	})
}

// Two handles, as two programs have, add to one cart at the same time; nothing is lost and nobody is told that the database is busy.
func TestTwoHandlesWriteCarts(t *testing.T) {
	for _, dialect := range []string{"sqlite", "postgres"} {
		t.Run(dialect, func(t *testing.T) {
			dsn, c := newDSN(t, dialect), newClock()
			handles := []*Store{openFilled(t, dsn, c), openFilled(t, dsn, c)}
			if err := handles[0].SetStock(t.Context(), 1, 99); err != nil {
				t.Fatal(err)
			}
			shared := guest(t, handles[0], "shared").CartID
			var wg sync.WaitGroup
			for i, s := range handles {
				for j := range 2 {
					own := guest(t, s, fmt.Sprintf("own %d %d", i, j)).CartID
					wg.Go(func() { addMany(t, s, shared, own, 15) })
				}
			}
			wg.Wait()
			if got := lines(must(handles[1].Cart(t.Context(), shared))(t)); !cmp.Equal(got, []string{"CUP-1×60"}) {
				t.Errorf("the shared cart holds %v, want 60 pieces", got)
			}
		})
	}
}

func addMany(t *testing.T, s *Store, shared, own int64, n int) {
	t.Helper()
	for range n {
		for _, cart := range []int64{shared, own} {
			if _, err := s.AddToCart(context.Background(), cart, 1, 1); err != nil {
				t.Errorf("adding to cart %d: %v", cart, err)
			}
		}
	}
}

// TestTwoProcessesWriteCarts is the same with real processes: the test starts itself twice.
func TestTwoProcessesWriteCarts(t *testing.T) {
	if dsn := os.Getenv("STORE_TEST_CHILD_DSN"); dsn != "" {
		cart, err := strconv.ParseInt(os.Getenv("STORE_TEST_CHILD_CART"), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		s := openFilled(t, dsn, newClock())
		addMany(t, s, cart, cart, 10)
		return
	}
	dsn := filepath.Join(t.TempDir(), "shop.db")
	s := openFilled(t, dsn, newClock())
	if err := s.SetStock(t.Context(), 1, 99); err != nil {
		t.Fatal(err)
	}
	cart := guest(t, s, "a").CartID
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTwoProcessesWriteCarts$")
			cmd.Env = append(os.Environ(), "STORE_TEST_CHILD_DSN="+dsn, "STORE_TEST_CHILD_CART="+strconv.FormatInt(cart, 10))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("child: %v\n%s", err, out)
			}
		})
	}
	addMany(t, s, cart, cart, 10)
	wg.Wait()
	if got := lines(must(s.Cart(t.Context(), cart))(t)); !cmp.Equal(got, []string{"CUP-1×60"}) {
		t.Errorf("the cart holds %v, want 60 pieces", got)
	}
}

package store

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ficus/legacy-stub/shop/store/pgtest"
)

var pg pgtest.Server

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		pg.Stop()
		os.Exit(code)
	}))
}

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// onEach runs a test on a new, filled database of each dialect.
func onEach(t *testing.T, test func(t *testing.T, s *Store, c *clock)) {
	t.Helper()
	for _, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			test(t, openFilled(t, newDSN(t, name), c), c)
		})
	}
}

func newDSN(t *testing.T, dialect string) string {
	t.Helper()
	if dialect == "postgres" {
		return pg.NewDB(t)
	}
	return filepath.Join(t.TempDir(), "shop.db")
}

func openFilled(t *testing.T, dsn string, c *clock) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{DSN: dsn, Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	if err := s.SeedOnce(t.Context(), fewThings); err != nil {
		t.Fatal(err)
	}
	return s
}

// fewThings is a small shop: two categories, four products, two customers, one order.
func fewThings(now time.Time) (Data, error) {
	p := func(id int64, sku, name, category string, cents, stock int64, tags ...string) Product {
		return Product{ID: id, SKU: sku, Name: name, Category: category, Description: name + " for you.", Tags: tags,
			PriceCents: cents, Stock: stock, CreatedAt: now.Add(time.Duration(id) * time.Hour), UpdatedAt: now}
	}
	return Data{
		Categories: []Category{{Slug: "cups", Name: "Cups & Mugs", Blurb: "To drink from."}, {Slug: "hats", Name: "Hats", Blurb: "To wear."}},
		Products: []Product{
			p(1, "CUP-1", "Blue Mug", "cups", 1250, 10, "mug", "blue"),
			p(2, "CUP-2", "Red Mug", "cups", 1150, 2, "mug", "red"),
			p(3, "HAT-1", "Straw Hat", "hats", 3000, 0, "straw"),
			p(4, "HAT-2", "100% Wool_Hat", "hats", 4500, 7, "wool"),
		},
		Users: []User{
			{ID: 1, Email: "ann@example.com", Name: "Ann", PasswordHash: "x", Role: RoleCustomer, CreatedAt: now},
			{ID: 2, Email: "ben@example.com", Name: "Ben", PasswordHash: "y", Role: RoleAdmin, CreatedAt: now},
		},
		Orders: []Order{{ID: 1001, UserID: 1, Status: "delivered", PlacedAt: now.Add(-time.Hour), TotalCents: 1250,
			Lines: []OrderLine{{ProductID: 1, SKU: "CUP-1", Name: "Blue Mug", PriceCents: 1250, Quantity: 1}}}},
	}, nil
}

// guest starts a guest's session.
func guest(t *testing.T, s *Store, token string) Session {
	t.Helper()
	x, err := s.StartSession(t.Context(), token, "csrf-"+token)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestOpenAtOnce(t *testing.T) {
	for _, dialect := range []string{"sqlite", "postgres"} {
		t.Run(dialect, func(t *testing.T) {
			dsn, c := newDSN(t, dialect), newClock()
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					s, err := Open(context.Background(), Options{DSN: dsn, Now: c.Now})
					if err != nil {
						t.Error(err)
						return
					}
					defer func() { _ = s.Close() }()
					if err := s.SeedOnce(context.Background(), fewThings); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			s := openFilled(t, dsn, c)
			if page := must(s.Products(t.Context(), Filter{}))(t); page.Total != 4 {
				t.Errorf("%d products, want 4", page.Total)
			}
			if seq := must(s.ChangeSeq(t.Context()))(t); seq != 4 {
				t.Errorf("change counter is %d, want 4", seq)
			}
		})
	}
}

func TestSeededAt(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, c *clock) {
		began := c.Now()
		c.Add(time.Hour)
		if err := s.SeedOnce(t.Context(), fewThings); err != nil {
			t.Fatal(err)
		}
		if at := must(s.SeededAt(t.Context()))(t); !at.Equal(began) {
			t.Errorf("seeded at %v, want %v", at, began)
		}
	})
}

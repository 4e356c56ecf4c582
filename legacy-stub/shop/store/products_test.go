package store

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func skus(list []Product) []string {
	names := []string{}
	for _, p := range list {
		names = append(names, p.SKU)
	}
	return names
}

func TestProducts(t *testing.T) {
	tests := map[string]struct {
		filter Filter
		want   []string
		total  int
	}{
		"all":                  {Filter{}, []string{"CUP-1", "CUP-2", "HAT-1", "HAT-2"}, 4},
		"category":             {Filter{Category: "hats"}, []string{"HAT-1", "HAT-2"}, 2},
		"unknown category":     {Filter{Category: "shoes"}, []string{}, 0},
		"word":                 {Filter{Query: "mug"}, []string{"CUP-1", "CUP-2"}, 2},
		"words in any order":   {Filter{Query: "MUG  red"}, []string{"CUP-2"}, 1},
		"category's name":      {Filter{Query: "cups"}, []string{"CUP-1", "CUP-2"}, 2},
		"tag":                  {Filter{Query: "straw"}, []string{"HAT-1"}, 1},
		"percent is no joker":  {Filter{Query: "%"}, []string{"HAT-2"}, 1},
		"underline neither":    {Filter{Query: "wool_"}, []string{"HAT-2"}, 1},
		"backslash neither":    {Filter{Query: `\`}, []string{}, 0},
		"quote is harmless":    {Filter{Query: `'; DROP TABLE products; --`}, []string{}, 0},
		"by name":              {Filter{Sort: SortName}, []string{"HAT-2", "CUP-1", "CUP-2", "HAT-1"}, 4},
		"by price":             {Filter{Sort: SortPrice}, []string{"CUP-2", "CUP-1", "HAT-1", "HAT-2"}, 4},
		"by price, descending": {Filter{Sort: SortPriceDown}, []string{"HAT-2", "HAT-1", "CUP-1", "CUP-2"}, 4},
		"newest":               {Filter{Sort: SortNewest}, []string{"HAT-2", "HAT-1", "CUP-2", "CUP-1"}, 4},
		"second page":          {Filter{Page: 2, PerPage: 3}, []string{"HAT-2"}, 4},
		"page past the end":    {Filter{Page: 9, PerPage: 3}, []string{}, 4},
	}
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				page := must(s.Products(t.Context(), tt.filter))(t)
				if diff := cmp.Diff(tt.want, skus(page.Products)); diff != "" {
					t.Errorf("products (-want +got):\n%s", diff)
				}
				if page.Total != tt.total {
					t.Errorf("total %d, want %d", page.Total, tt.total)
				}
			})
		}
	})
}

func TestProductRoundTrip(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, c *clock) {
		added := must(s.AddProduct(t.Context(), Product{SKU: "CUP-9", Name: "Tin Cup", Category: "cups", Description: "Tin.",
			Tags: []string{"tin", "mug", "tin"}, PriceCents: 990, Stock: 3}))(t)
		want := Product{ID: added.ID, SKU: "CUP-9", Name: "Tin Cup", Category: "cups", Description: "Tin.", Tags: []string{"mug", "tin"},
			PriceCents: 990, Stock: 3, ChangeSeq: 5, CreatedAt: c.Now(), UpdatedAt: c.Now()}
		if diff := cmp.Diff(want, must(s.Product(t.Context(), added.ID))(t)); diff != "" {
			t.Errorf("added product (-want +got):\n%s", diff)
		}
		want.Name, want.Tags, want.Category, want.ChangeSeq = "Tin Hat", nil, "hats", 6
		got := must(s.SaveProduct(t.Context(), want))(t)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("saved product (-want +got):\n%s", diff)
		}
		if page := must(s.Products(t.Context(), Filter{Query: "tin hats"}))(t); len(page.Products) != 1 {
			t.Errorf("the saved product is not found under its new words: %v", skus(page.Products))
		}
		if _, err := s.AddProduct(t.Context(), Product{SKU: "CUP-1", Name: "Twin", Category: "cups"}); !errors.Is(err, ErrSKUTaken) {
			t.Errorf("a second CUP-1: %v, want ErrSKUTaken", err)
		}
		if _, err := s.AddProduct(t.Context(), Product{SKU: "SHOE-1", Name: "Shoe", Category: "shoes"}); !errors.Is(err, ErrCategory) {
			t.Errorf("an unknown category: %v, want ErrCategory", err)
		}
		if _, err := s.Product(t.Context(), 99); !errors.Is(err, ErrNotFound) {
			t.Errorf("product 99: %v, want ErrNotFound", err)
		}
	})
}

func TestEveryChangeIsInTheFeed(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		ctx := t.Context()
		last := must(s.ChangeSeq(ctx))(t)
		check := func(doing string, want ...string) {
			t.Helper()
			list := must(s.ChangedProducts(ctx, last, 10))(t)
			if diff := cmp.Diff(want, skus(list)); diff != "" {
				t.Errorf("after %s (-want +got):\n%s", doing, diff)
			}
			for _, p := range list {
				if p.ChangeSeq <= last {
					t.Errorf("after %s: %s has change %d, not after %d", doing, p.SKU, p.ChangeSeq, last)
				}
				last = p.ChangeSeq
			}
			if seq := must(s.ChangeSeq(ctx))(t); seq != last {
				t.Errorf("after %s: counter %d, last change %d", doing, seq, last)
			}
		}
		check("nothing", []string{}...)
		if err := s.SetStock(ctx, 3, 5); err != nil {
			t.Fatal(err)
		}
		check("setting a stock", "HAT-1")
		if err := s.SetPicture(ctx, 1, Picture{ContentType: "image/png", Data: []byte("png")}); err != nil {
			t.Fatal(err)
		}
		check("uploading a picture", "CUP-1")
		x := guest(t, s, "a")
		must(s.AddToCart(ctx, x.CartID, 4, 1))(t)
		must(s.AddToCart(ctx, x.CartID, 2, 2))(t)
		check("filling a cart", []string{}...)
		must(s.PlaceOrder(ctx, 1, x.CartID, Address{}))(t)
		check("ordering", "CUP-2", "HAT-2")
		if err := s.DeleteProduct(ctx, 2); err != nil {
			t.Fatal(err)
		}
		check("deleting", "CUP-2")
		if list := must(s.ChangedProducts(ctx, last-1, 1))(t); len(list) != 1 || !list[0].Deleted {
			t.Errorf("the feed does not say that the product is deleted: %+v", list)
		}
		if err := s.SetStock(ctx, 2, 1); !errors.Is(err, ErrNotFound) {
			t.Errorf("changing a deleted product: %v, want ErrNotFound", err)
		}
		check("a failed change", []string{}...)
	})
}

// A reader that remembers the last change it saw misses none, however many writers there are.
func TestFeedMissesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		const writers, writes = 4, 25
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range writes {
					if err := s.SetStock(t.Context(), int64(w+1), int64(1000+i)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		done := make(chan struct{})
		go func() { wg.Wait(); close(done) }()
		stock, last := map[int64]int64{}, int64(0)
		follow := func() {
			for _, p := range must(s.ChangedProducts(t.Context(), last, 2))(t) {
				stock[p.ID], last = p.Stock, p.ChangeSeq
			}
		}
		for running := true; running; {
			follow()
			select {
			case <-done:
				running = false
			default:
			}
		}
		for range writers { // what is left: at most one change for each product
			follow()
		}
		want := map[int64]int64{1: 1024, 2: 1024, 3: 1024, 4: 1024}
		if diff := cmp.Diff(want, stock); diff != "" {
			t.Errorf("stocks that the reader saw last (-want +got):\n%s", diff)
		}
	})
}

func TestPicture(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, c *clock) {
		if _, err := s.Picture(t.Context(), 1); !errors.Is(err, ErrNotFound) {
			t.Errorf("a product without a picture: %v, want ErrNotFound", err)
		}
		for _, data := range []string{"first", "second"} {
			if err := s.SetPicture(t.Context(), 1, Picture{ContentType: "image/png", Data: []byte(data)}); err != nil {
				t.Fatal(err)
			}
			want := Picture{ContentType: "image/png", Data: []byte(data), UploadedAt: c.Now()}
			if diff := cmp.Diff(want, must(s.Picture(t.Context(), 1))(t)); diff != "" {
				t.Errorf("picture (-want +got):\n%s", diff)
			}
		}
		if err := s.SetPicture(t.Context(), 99, Picture{ContentType: "image/png"}); !errors.Is(err, ErrNotFound) {
			t.Errorf("a picture of nothing: %v, want ErrNotFound", err)
		}
	})
}

func TestCategories(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, _ *clock) {
		if err := s.DeleteProduct(t.Context(), 3); err != nil {
			t.Fatal(err)
		}
		want := []Category{{"cups", "Cups & Mugs", "To drink from.", 2}, {"hats", "Hats", "To wear.", 1}}
		if diff := cmp.Diff(want, must(s.Categories(t.Context()))(t)); diff != "" {
			t.Errorf("categories (-want +got):\n%s", diff)
		}
	})
}

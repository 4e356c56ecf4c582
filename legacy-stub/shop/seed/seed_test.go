package seed

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/legacy-stub/shop/store"
)

func plain(password string) (string, error) { return "hash of " + password, nil }

func TestDataIsTheSameEveryTime(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	a, err := Data(now, plain)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Data(now, plain)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("two calls differ (-first +second):\n%s", diff)
	}
}

func TestDataIsBelievable(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	d, err := Data(now, plain)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(d.Products); n < 290 || n > 330 {
		t.Errorf("%d products, want about 300", n)
	}
	if n := len(d.Categories); n != 8 {
		t.Errorf("%d categories, want 8", n)
	}
	names, soldOut, scarce := map[string]bool{}, 0, 0
	for i, p := range d.Products {
		if p.ID != int64(i+1) {
			t.Errorf("product %d has id %d", i+1, p.ID)
		}
		if names[p.Name] {
			t.Errorf("two products are called %q", p.Name)
		}
		names[p.Name] = true
		if p.PriceCents < 500 || p.PriceCents > 40000 {
			t.Errorf("%s costs %d cents", p.Name, p.PriceCents)
		}
		if strings.Contains(p.Description, "  ") || !strings.HasSuffix(p.Description, ".") {
			t.Errorf("%s: description %q", p.Name, p.Description)
		}
		if p.CreatedAt.After(now) {
			t.Errorf("%s was made in the future", p.Name)
		}
		if p.Stock == 0 {
			soldOut++
		} else if p.Stock <= 5 {
			scarce++
		}
	}
	if soldOut == 0 || soldOut > 40 || scarce == 0 {
		t.Errorf("%d products sold out and %d scarce: want a few of each", soldOut, scarce)
	}
}

func TestPastOrdersAddUp(t *testing.T) {
	d, err := Data(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), plain)
	if err != nil {
		t.Fatal(err)
	}
	perUser := map[int64]int{}
	for _, o := range d.Orders {
		perUser[o.UserID]++
		var sum int64
		for _, l := range o.Lines {
			sum += l.TotalCents()
		}
		if sum != o.TotalCents {
			t.Errorf("order %d: lines add up to %d, total says %d", o.ID, sum, o.TotalCents)
		}
	}
	if diff := cmp.Diff(map[int64]int{1: 5, 2: 3}, perUser); diff != "" {
		t.Errorf("orders per user (-want +got):\n%s", diff)
	}
	if d.Users[2].Role != store.RoleAdmin {
		t.Errorf("user 3 is %+v, want the admin", d.Users[2])
	}
}

package view

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/legacy-stub/shop/store"
)

func TestPages(t *testing.T) {
	tests := []struct {
		current, last int
		want          []int
	}{
		{1, 1, []int{1}},
		{1, 3, []int{1, 2, 3}},
		{1, 13, []int{1, 2, 0, 13}},
		{7, 13, []int{1, 0, 6, 7, 8, 0, 13}},
		{13, 13, []int{1, 0, 12, 13}},
		{99, 13, []int{1, 0, 13}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, pages(tt.current, tt.last)); diff != "" {
			t.Errorf("page %d of %d (-want +got):\n%s", tt.current, tt.last, diff)
		}
	}
}

func TestStock(t *testing.T) {
	for n, want := range map[int64]badge{0: {"out", "Sold out"}, 1: {"few", "Only 1 left"}, 5: {"few", "Only 5 left"}, 6: {"in", "In stock"}} {
		if got := stock(store.Product{Stock: n}); got != want {
			t.Errorf("%d pieces: %v, want %v", n, got, want)
		}
	}
}

func TestStatus(t *testing.T) {
	if got, want := fmt.Sprint(status("shipped")), "[{placed true} {packed true} {shipped true} {delivered false}]"; got != want {
		t.Errorf("shipped: %s, want %s", got, want)
	}
	if got := status("cancelled"); got != nil {
		t.Errorf("cancelled: %v, want no way", got)
	}
}

func TestParseFlash(t *testing.T) {
	if diff := cmp.Diff(&Flash{"error", "A|B"}, ParseFlash("error|A|B")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := ParseFlash(""); got != nil {
		t.Errorf("nothing is %v", got)
	}
}

func TestRenderNamesTheMissing(t *testing.T) {
	v, err := New(func(store.Product) string { return "/picture" })
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Render(&strings.Builder{}, "none.html", Frame{}); err == nil || !strings.Contains(err.Error(), "none.html") {
		t.Errorf("error %v: want the page's name", err)
	}
}

package view

import (
	"fmt"
	"html/template"
	"time"

	"ficus/legacy-stub/shop/store"
)

// funcs are what templates can call.
func (v *View) funcs(pictureURL func(store.Product) string) template.FuncMap {
	return template.FuncMap{
		"picture": pictureURL,
		"asset":   v.assetURL,
		"money":   money,
		"day":     func(t time.Time) string { return t.UTC().Format("2 January 2006") },
		"stock":   stock,
		"plural":  plural,
		"dict":    dict,
		"status":  status,
		"add":     func(a, b int) int { return a + b },
		"times":   func(a, b int64) int64 { return a * b },
		"pages":   pages,
	}
}

func money(cents int64) string { return fmt.Sprintf("€ %d.%02d", cents/100, cents%100) }

// badge is a product's stock in words.
type badge struct {
	Kind string // in, few or out: also the style's class
	Text string
}

func stock(p store.Product) badge {
	switch {
	case p.Stock == 0:
		return badge{"out", "Sold out"}
	case p.Stock <= 5:
		return badge{"few", fmt.Sprintf("Only %d left", p.Stock)}
	}
	return badge{"in", "In stock"}
}

func plural(n any, one, many string) string {
	if fmt.Sprint(n) == "1" {
		return "1 " + one
	}
	return fmt.Sprintf("%v %s", n, many)
}

// dict makes a map of names and values, for templates that take more than one.
func dict(pairs ...any) (map[string]any, error) {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: name %v is no text", pairs[i])
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}

// step is a station on an order's way.
type step struct {
	Name string
	Done bool
}

// status is an order's way; nil for a cancelled one.
func status(now string) []step {
	names := []string{"placed", "packed", "shipped", "delivered"}
	var steps []step
	reached := -1
	for i, n := range names {
		if n == now {
			reached = i
		}
	}
	if reached < 0 {
		return nil
	}
	for i, n := range names {
		steps = append(steps, step{n, i <= reached})
	}
	return steps
}

// pages is the numbers of a pager: the first, the last and those around the current one; 0 stands for a gap.
func pages(current, last int) []int {
	var list []int
	for n := 1; n <= last; n++ {
		if n == 1 || n == last || (n >= current-1 && n <= current+1) {
			list = append(list, n)
		} else if list[len(list)-1] != 0 {
			list = append(list, 0)
		}
	}
	return list
}

package seed

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"ficus/legacy-stub/shop/store"
)

// shelf is a category with what stands on it.
type shelf struct {
	slug, code, name, blurb string
	endings                 []string // sentences that end a description; each variant takes the next
	items                   []item
}

// item is a kind of product; each of its variants is one product.
type item struct {
	noun     string // "Cutting Board"
	kind     string // what it is in one word: the first tag, and the picture's shape
	price    int64  // cents; later variants cost a little more or less
	variants string // "Walnut|Oak|Olive Wood": the name's first part, and the picture's colour
	text     string // the description's first sentences
	tags     string // more tags, separated by spaces
}

func categories() []store.Category {
	var list []store.Category
	for _, s := range shelves() {
		list = append(list, store.Category{Slug: s.slug, Name: s.name, Blurb: s.blurb})
	}
	return list
}

func products(now time.Time) []store.Product {
	var list []store.Product
	for _, s := range shelves() {
		for i, it := range s.items {
			for v, variant := range strings.Split(it.variants, "|") {
				id := int64(len(list) + 1)
				n := number(s.slug, it.noun, variant)
				created := now.AddDate(0, 0, -int(n%700)-2).Add(-time.Duration(n%1440) * time.Minute)
				list = append(list, store.Product{
					ID:          id,
					SKU:         fmt.Sprintf("%s-%04d", s.code, id),
					Name:        variant + " " + it.noun,
					Category:    s.slug,
					Description: it.text + " " + s.endings[(i+v)%len(s.endings)],
					Tags:        tags(it, variant, n),
					PriceCents:  price(it.price, v, n),
					Stock:       stock(n),
					CreatedAt:   created,
					UpdatedAt:   created,
				})
			}
		}
	}
	return list
}

// number is a number that looks random and is always the same for the same words.
func number(words ...string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strings.Join(words, "/"))) // never fails
	n := h.Sum64()
	n ^= n >> 31 // FNV's low bits are weak for short words
	return n
}

// price varies by variant and ends in .00, .50 or .90, as prices do.
func price(base int64, variant int, n uint64) int64 {
	p := base * (100 + []int64{0, -6, 8}[variant%3]) / 100
	euros := p / 100
	return euros*100 + []int64{0, 50, 90, 90}[n/7%4]
}

// stock is mostly plenty, sometimes little, rarely nothing.
func stock(n uint64) int64 {
	switch m := n / 11 % 20; {
	case m == 0:
		return 0
	case m < 4:
		return int64(n/13%5) + 1
	default:
		return int64(n/13%70) + 8
	}
}

func tags(it item, variant string, n uint64) []string {
	list := append([]string{it.kind}, strings.Fields(it.tags)...)
	list = append(list, strings.ToLower(strings.ReplaceAll(variant, " ", "-")))
	if n/17%5 == 0 {
		list = append(list, "gift")
	}
	if n/19%7 == 0 {
		list = append(list, "limited")
	}
	slices.Sort(list)
	return slices.Compact(list)
}

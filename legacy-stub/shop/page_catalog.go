package shop

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"ficus/legacy-stub/shop/store"
)

func (s *Shop) home(w http.ResponseWriter, r *http.Request, v *visit) error {
	ctx := r.Context()
	newest, err := s.db.Products(ctx, store.Filter{Sort: store.SortNewest, PerPage: 8})
	if err != nil {
		return err
	}
	scarce, err := s.db.ScarceProducts(ctx, 4)
	if err != nil {
		return err
	}
	categories, err := s.db.Categories(ctx)
	if err != nil {
		return err
	}
	type tile struct {
		Category store.Category
		Product  store.Product
	}
	var tiles []tile
	for i, c := range categories {
		page, err := s.db.Products(ctx, store.Filter{Category: c.Slug, Page: 2 + i*2, PerPage: 1})
		if err != nil {
			return err
		}
		if len(page.Products) > 0 {
			tiles = append(tiles, tile{c, page.Products[0]})
		}
	}
	window, err := s.window(r)
	if err != nil {
		return err
	}
	return s.show(w, r, v, screen{template: "home.html", title: "Good things for plain days", body: map[string]any{
		"Window": window,
		"Newest": newest.Products, "Scarce": scarce, "Tiles": tiles, "Total": newest.Total,
	}})
}

// window is what stands in the shop window, as far as it is on sale.
func (s *Shop) window(r *http.Request) ([]store.Product, error) {
	var list []store.Product
	for _, id := range []int64{12, 159, 46, 298} {
		p, err := s.db.Product(r.Context(), id)
		if err == nil {
			list = append(list, p)
		} else if !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
	}
	return list, nil
}

// searchPageSize is the number of products on a page of search results.
const searchPageSize = 24

func (s *Shop) search(w http.ResponseWriter, r *http.Request, v *visit) error {
	in := r.URL.Query()
	in.Set("per_page", strconv.Itoa(searchPageSize))
	f, err := listFilter(in, searchPageSize)
	if err != nil {
		return err
	}
	page, err := s.db.Products(r.Context(), f)
	if err != nil {
		return err
	}
	category, err := s.category(r, f.Category)
	if err != nil {
		return err
	}
	title := "All products"
	switch {
	case f.Query != "":
		title = "“" + f.Query + "”"
	case category.Name != "":
		title = category.Name
	}
	link := func(n int) string { return searchLink(f, n) }
	return s.show(w, r, v, screen{template: "search.html", title: title, category: f.Category, query: f.Query, body: map[string]any{
		"Page": page, "Filter": f, "Category": category, "Link": link, "Heading": title,
	}})
}

// category finds a category by its slug; an unknown one is empty.
func (s *Shop) category(r *http.Request, slug string) (store.Category, error) {
	list, err := s.db.Categories(r.Context())
	for _, c := range list {
		if c.Slug == slug {
			return c, err
		}
	}
	return store.Category{}, err
}

func searchLink(f store.Filter, page int) string {
	q := url.Values{}
	for name, value := range map[string]string{"q": f.Query, "category": f.Category, "sort": f.Sort} {
		if value != "" && value != store.SortFeatured {
			q.Set(name, value)
		}
	}
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	if len(q) == 0 {
		return "/search"
	}
	return "/search?" + q.Encode()
}

func (s *Shop) productPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	p, err := s.db.Product(r.Context(), id)
	if err != nil {
		return err
	}
	category, err := s.category(r, p.Category)
	if err != nil {
		return err
	}
	related, err := s.related(r, p)
	if err != nil {
		return err
	}
	return s.show(w, r, v, screen{template: "product.html", title: p.Name, category: p.Category, body: map[string]any{
		"Product": p, "Category": category, "Related": related, "Most": min(p.Stock, store.MaxQuantity),
	}})
}

// related is up to four other products of the category, those that follow the product.
func (s *Shop) related(r *http.Request, p store.Product) ([]store.Product, error) {
	page, err := s.db.Products(r.Context(), store.Filter{Category: p.Category, PerPage: 100})
	if err != nil {
		return nil, err
	}
	var list []store.Product
	n := len(page.Products)
	for i, other := range page.Products {
		if other.ID != p.ID {
			continue
		}
		for step := 1; len(list) < 4 && step*3 < n; step++ { // neighbours are variants of the same thing
			list = append(list, page.Products[(i+step*3+step%3)%n])
		}
	}
	return list, nil
}

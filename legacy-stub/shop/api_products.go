package shop

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"ficus/legacy-stub/shop/httpkit"
	"ficus/legacy-stub/shop/store"
)

const currency = "EUR"

// listedProduct is a product in a list.
type listedProduct struct {
	ID       int64     `json:"id"`
	SKU      string    `json:"sku"`
	Name     string    `json:"name"`
	Category string    `json:"category"`
	Price    priceText `json:"price"`
	Currency string    `json:"currency"`
	Stock    int64     `json:"stock"`
	InStock  bool      `json:"in_stock"`
	Tags     []string  `json:"tags"`
	URL      string    `json:"url"`
	Picture  string    `json:"picture"`
}

// detailedProduct is a product by itself.
type detailedProduct struct {
	ID          int64       `json:"id"`
	SKU         string      `json:"sku"`
	Name        string      `json:"name"`
	Category    string      `json:"category"`
	Description string      `json:"description"`
	Price       priceNumber `json:"price"`
	Currency    string      `json:"currency"`
	Stock       int64       `json:"stock"`
	InStock     bool        `json:"in_stock"`
	Tags        []string    `json:"tags"`
	URL         string      `json:"url"`
	Picture     string      `json:"picture"`
	CreatedAt   time.Time   `json:"created_at"`
	UpdatedAt   time.Time   `json:"updated_at"`
	stamp
}

type productList struct {
	Products []listedProduct `json:"products"`
	Total    int             `json:"total"`
	Page     int             `json:"page"`
	PerPage  int             `json:"per_page"`
	Pages    int             `json:"pages"`
	stamp
}

func productPath(id int64) string { return "/products/" + strconv.FormatInt(id, 10) }

// pictureURL is the path of a product's picture; its number changes with the picture.
func (s *Shop) pictureURL(p store.Product) string {
	return fmt.Sprintf("%s/picture?v=%d", productPath(p.ID), p.PictureSeq)
}

func (s *Shop) listed(p store.Product) listedProduct {
	return listedProduct{
		ID: p.ID, SKU: p.SKU, Name: p.Name, Category: p.Category, Price: asPriceText(p.PriceCents), Currency: currency,
		Stock: p.Stock, InStock: p.Stock > 0, Tags: s.tagsInNoOrder(p.Tags), URL: s.ownURL(productPath(p.ID)), Picture: s.pictureURL(p),
	}
}

func (s *Shop) apiProducts(w http.ResponseWriter, r *http.Request, _ *visit) error {
	f, err := listFilter(r.URL.Query(), 100)
	if err != nil {
		return err
	}
	categories, err := s.categorySlugs(r)
	if err != nil {
		return err
	}
	if !isKnownCategory(categories, f.Category) {
		status, body := s.unknownCategoryAnswer(f.Category)
		s.writeJSON(w, r, status, body)
		return nil
	}
	seq, err := s.db.ChangeSeq(r.Context()) // before the products: a tag may be older than its answer, never newer
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "private, no-cache")
	if httpkit.NotModified(w, r, listETag(seq, f), time.Time{}) {
		return nil
	}
	page, err := s.db.Products(r.Context(), f)
	if err != nil {
		return err
	}
	body := productList{
		Products: make([]listedProduct, 0, len(page.Products)), Total: page.Total, Page: page.Page, PerPage: page.PerPage,
		Pages: page.Pages(), stamp: s.stampNow(),
	}
	for _, p := range page.Products {
		body.Products = append(body.Products, s.listed(p))
	}
	s.writeJSON(w, r, http.StatusOK, body)
	return nil
}

func (s *Shop) apiProduct(w http.ResponseWriter, r *http.Request, _ *visit) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	p, err := s.db.Product(r.Context(), id)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "private, no-cache")
	if httpkit.NotModified(w, r, productETag(p), p.UpdatedAt) {
		return nil
	}
	s.writeJSON(w, r, http.StatusOK, detailedProduct{
		ID: p.ID, SKU: p.SKU, Name: p.Name, Category: p.Category, Description: p.Description, Price: asPriceNumber(p.PriceCents),
		Currency: currency, Stock: p.Stock, InStock: p.Stock > 0, Tags: s.tagsInNoOrder(p.Tags), URL: s.ownURL(productPath(p.ID)),
		Picture: s.pictureURL(p), CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt, stamp: s.stampNow(),
	})
	return nil
}

// productETag is W/"p17-42": the product's id and its latest change. Weak, because no two answers are the same bytes.
func productETag(p store.Product) string { return fmt.Sprintf(`W/"p%d-%d"`, p.ID, p.ChangeSeq) }

// listETag is W/"l42-0123456789abcdef": the latest change of any product, and the first eight bytes of SHA-256 over the query in its
// normal form, category=…&page=…&per_page=…&q=…&sort=…, as url.Values encodes it.
func listETag(seq int64, f store.Filter) string {
	normal := url.Values{
		"q": {f.Query}, "category": {f.Category}, "sort": {f.Sort},
		"page": {strconv.Itoa(f.Page)}, "per_page": {strconv.Itoa(f.PerPage)},
	}.Encode()
	sum := sha256.Sum256([]byte(normal))
	return fmt.Sprintf(`W/"l%d-%x"`, seq, sum[:8])
}

// listFilter reads q, category, sort, page (from 1) and per_page (1 to most, default 24).
func listFilter(q url.Values, most int) (store.Filter, error) {
	f := store.Filter{Query: strings.Join(strings.Fields(q.Get("q")), " "), Category: q.Get("category"), Sort: q.Get("sort"), Page: 1, PerPage: 24}
	if len(f.Query) > 200 {
		return f, fail(http.StatusBadRequest, "bad_query", "q may have up to 200 characters")
	}
	if f.Sort == "" {
		f.Sort = store.SortFeatured
	}
	if !slices.Contains(store.Sorts(), f.Sort) {
		return f, fail(http.StatusBadRequest, "bad_sort", "sort must be one of "+strings.Join(store.Sorts(), ", "))
	}
	var err error
	if f.Page, err = number(q, "page", 1, 100_000); err != nil {
		return f, err
	}
	f.PerPage, err = number(q, "per_page", 24, most)
	return f, err
}

func number(q url.Values, name string, absent, most int) (int, error) {
	if !q.Has(name) {
		return absent, nil
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil || n < 1 || n > most {
		return 0, fail(http.StatusBadRequest, "bad_"+name, fmt.Sprintf("%s must be a number from 1 to %d", name, most))
	}
	return n, nil
}

func (s *Shop) categorySlugs(r *http.Request) ([]string, error) {
	list, err := s.db.Categories(r.Context())
	slugs := make([]string, 0, len(list))
	for _, c := range list {
		slugs = append(slugs, c.Slug)
	}
	return slugs, err
}

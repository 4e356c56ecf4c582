package service

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"ficus/newservices/catalog/internal/docstore"
	"ficus/newservices/internal/shopapi"
)

const currency = "EUR"

func (s *Service) routes() map[string]shopapi.HandlerFunc {
	return map[string]shopapi.HandlerFunc{
		"GET /api/products":      s.list,
		"GET /api/products/{id}": s.get,
		"GET /graphql":           s.graphQLGet,
		"POST /graphql":          s.graphQLPost,
	}
}

// listedBody is a product in a list: its price is text.
type listedBody struct {
	ID       int64    `json:"id"`
	SKU      string   `json:"sku"`
	Name     string   `json:"name"`
	Category string   `json:"category"`
	Price    string   `json:"price"`
	Currency string   `json:"currency"`
	Stock    int64    `json:"stock"`
	InStock  bool     `json:"in_stock"`
	Tags     []string `json:"tags"`
	URL      string   `json:"url"`
	Picture  string   `json:"picture"`
}

// productBody is a product by itself: its price is a number.
type productBody struct {
	ID          int64     `json:"id"`
	SKU         string    `json:"sku"`
	Name        string    `json:"name"`
	Category    string    `json:"category"`
	Description string    `json:"description"`
	Price       float64   `json:"price"`
	Currency    string    `json:"currency"`
	Stock       int64     `json:"stock"`
	InStock     bool      `json:"in_stock"`
	Tags        []string  `json:"tags"`
	URL         string    `json:"url"`
	Picture     string    `json:"picture"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
	shopapi.Stamp
}

type listBody struct {
	Products []listedBody `json:"products"`
	Total    int          `json:"total"`
	Page     int          `json:"page"`
	PerPage  int          `json:"per_page"`
	Pages    int          `json:"pages"`
	shopapi.Stamp
}

// unknownCategory is answered with 200: one more habit.
type unknownCategory struct {
	Error    string     `json:"error"`
	Products []struct{} `json:"products"`
	shopapi.Stamp
}

var errNotImported = errors.New("the first import is not complete")

func (s *Service) list(w http.ResponseWriter, r *http.Request, _ shopapi.Visit) error {
	q, err := readQuery(r.URL.Query())
	if err != nil {
		return err
	}
	view := s.store.View()
	if view == nil {
		return errNotImported
	}
	if q.category != "" && !slices.Contains(view.Categories, q.category) {
		s.api.WriteJSON(w, r, http.StatusOK, unknownCategory{
			Error: fmt.Sprintf("unknown category %q", q.category), Products: []struct{}{}, Stamp: s.api.Stamp(),
		})
		return nil
	}
	if shopapi.NotModified(w, r, listETag(view.Seq, q), time.Time{}) {
		return nil
	}
	page, total := q.run(view)
	body := listBody{
		Products: make([]listedBody, 0, len(page)), Total: total, Page: q.page, PerPage: q.perPage,
		Pages: max(1, (total+q.perPage-1)/q.perPage), Stamp: s.api.Stamp(),
	}
	for _, d := range page {
		body.Products = append(body.Products, listedBody{
			ID: d.ID, SKU: d.SKU, Name: d.Name, Category: d.Category, Price: shopapi.PriceText(d.PriceCents), Currency: currency,
			Stock: d.Stock, InStock: d.Stock > 0, Tags: s.api.InNoOrder(d.Tags), URL: s.api.ProductURL(d.ID), Picture: picture(d),
		})
	}
	s.api.WriteJSON(w, r, http.StatusOK, body)
	return nil
}

func (s *Service) get(w http.ResponseWriter, r *http.Request, _ shopapi.Visit) error {
	id, err := shopapi.PathID(r)
	if err != nil {
		return err
	}
	view := s.store.View()
	if view == nil {
		return errNotImported
	}
	d := view.Document(id)
	if d == nil {
		return shopapi.NotFound()
	}
	if shopapi.NotModified(w, r, fmt.Sprintf(`W/"p%d-%d"`, d.ID, d.ChangeSeq), d.UpdatedAt) {
		return nil
	}
	s.api.WriteJSON(w, r, http.StatusOK, productBody{
		ID: d.ID, SKU: d.SKU, Name: d.Name, Category: d.Category, Description: d.Description,
		Price: shopapi.PriceNumber(d.PriceCents), Currency: currency, Stock: d.Stock, InStock: d.Stock > 0,
		Tags: s.api.InNoOrder(d.Tags), URL: s.api.ProductURL(d.ID), Picture: picture(d),
		CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt, Stamp: s.api.Stamp(),
	})
	return nil
}

func picture(d *docstore.Document) string { return shopapi.PictureURL(d.ID, d.PictureSeq) }

// listETag is the monolith's: the latest change of any product, and the first eight bytes of SHA-256 over
// the query in its normal form.
func listETag(seq int64, q query) string {
	normal := url.Values{
		"q": {q.words}, "category": {q.category}, "sort": {q.sort},
		"page": {strconv.Itoa(q.page)}, "per_page": {strconv.Itoa(q.perPage)},
	}.Encode()
	sum := sha256.Sum256([]byte(normal))
	return fmt.Sprintf(`W/"l%d-%x"`, seq, sum[:8])
}

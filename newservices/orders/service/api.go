package service

import (
	"fmt"
	"net/http"
	"time"

	"ficus/newservices/internal/legacydb"
	"ficus/newservices/internal/shopapi"
)

func (s *Service) routes() map[string]shopapi.HandlerFunc {
	return map[string]shopapi.HandlerFunc{
		"GET /api/orders":              shopapi.Customer(s.list),
		"GET /api/orders/{id}":         shopapi.Customer(s.get),
		"GET /orders":                  s.page(s.listPage),
		"GET /orders/{id}":             s.page(s.orderPage),
		"GET /orders/{id}/invoice.csv": s.page(s.invoice),
	}
}

// lineBody is a line of an order in JSON.
type lineBody struct {
	ProductID int64   `json:"product_id"`
	SKU       string  `json:"sku"`
	Name      string  `json:"name"`
	Price     float64 `json:"price"`
	Quantity  int64   `json:"quantity"`
	Total     float64 `json:"total"`
}

// orderBody is an order in JSON. Its cart's id is a number here, though text in the cart; its date is
// written as on paper; its invoice has the monolith's own host.
type orderBody struct {
	ID       int64      `json:"id"`
	Date     string     `json:"date"`
	Status   string     `json:"status"`
	CartID   int64      `json:"cart_id"`
	Address  address    `json:"address"`
	Lines    []lineBody `json:"lines"`
	Total    float64    `json:"total"`
	Currency string     `json:"currency"`
	Invoice  string     `json:"invoice"`
}

const currency = "EUR"

func (s *Service) body(o order) orderBody {
	b := orderBody{
		ID: o.ID, Date: paperDate(o.PlacedAt), Status: o.Status, CartID: o.cartID, Address: o.Address,
		Lines: make([]lineBody, 0, len(o.Lines)), Total: shopapi.PriceNumber(o.TotalCents), Currency: currency,
		Invoice: fmt.Sprintf("%s/orders/%d/invoice.csv", s.api.BaseURL, o.ID),
	}
	for _, l := range o.Lines {
		b.Lines = append(b.Lines, lineBody{
			ProductID: l.ProductID, SKU: l.SKU, Name: l.Name, Price: shopapi.PriceNumber(l.PriceCents), Quantity: l.Quantity,
			Total: shopapi.PriceNumber(l.TotalCents()),
		})
	}
	return b
}

// paperDate is in UTC without saying so.
func paperDate(t time.Time) string { return t.UTC().Format("02.01.2006 15:04") }

// listed is how many orders a list has at most.
const listed = 100

func (s *Service) list(w http.ResponseWriter, r *http.Request, v shopapi.Visit) error {
	list, err := s.ordersOf(r.Context(), v.Caller.UserID, listed)
	if err != nil {
		return err
	}
	body := struct {
		Orders []orderBody `json:"orders"`
		shopapi.Stamp
	}{make([]orderBody, 0, len(list)), s.api.Stamp()}
	for _, o := range list {
		body.Orders = append(body.Orders, s.body(o))
	}
	s.api.WriteJSON(w, r, http.StatusOK, body)
	return nil
}

func (s *Service) get(w http.ResponseWriter, r *http.Request, v shopapi.Visit) error {
	o, err := s.ownOrder(r, v)
	if err != nil {
		return err
	}
	s.api.WriteJSON(w, r, http.StatusOK, struct {
		orderBody
		shopapi.Stamp
	}{s.body(o), s.api.Stamp()})
	return nil
}

// ownOrder finds the order of the path, if it is the caller's or the caller an admin. Another's is not
// found, rather than forbidden, so that nobody learns which numbers exist.
func (s *Service) ownOrder(r *http.Request, v shopapi.Visit) (order, error) {
	id, err := shopapi.PathID(r)
	if err != nil {
		return order{}, err
	}
	o, err := s.order(r.Context(), id)
	if err == nil && o.userID != v.Caller.UserID && !v.Caller.Admin {
		err = legacydb.ErrNotFound
	}
	return o, err
}

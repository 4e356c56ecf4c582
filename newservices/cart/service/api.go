package service

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"ficus/newservices/internal/legacydb"
	"ficus/newservices/internal/shopapi"
)

func (s *Service) routes() map[string]shopapi.HandlerFunc {
	return map[string]shopapi.HandlerFunc{
		"GET /api/cart":               s.withCart(s.get),
		"POST /api/cart/items":        s.withCart(s.add),
		"PUT /api/cart/items/{id}":    s.withCart(s.set),
		"PATCH /api/cart/items/{id}":  s.withCart(s.set),
		"DELETE /api/cart/items/{id}": s.withCart(s.remove),
	}
}

// withCart finds the cart that a request is about: the caller's own, if the gateway says who that is,
// else the session's. The monolith gives a user's sessions the user's cart, so both are the same one.
func (s *Service) withCart(handle func(w http.ResponseWriter, r *http.Request, cartID int64) error) shopapi.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, v shopapi.Visit) error {
		if v.Caller.UserID == 0 {
			return handle(w, r, v.CartID)
		}
		cartID, err := s.carts.ofUser(r.Context(), v.Caller.UserID)
		if errors.Is(err, legacydb.ErrNotFound) {
			return shopapi.NoAccount()
		}
		if err != nil {
			return err
		}
		return handle(w, r, cartID)
	}
}

// lineBody is a line of a cart in JSON. Its id is the product's: a cart has one line for each product.
type lineBody struct {
	ID        int64   `json:"id"`
	ProductID int64   `json:"product_id"`
	SKU       string  `json:"sku"`
	Name      string  `json:"name"`
	Price     float64 `json:"price"`
	Quantity  int64   `json:"quantity"`
	Total     float64 `json:"total"`
	Available int64   `json:"available"`
	URL       string  `json:"url"`
	Picture   string  `json:"picture"`
}

// cartBody is a cart in JSON. Its id is text here, though a number elsewhere.
type cartBody struct {
	ID       string     `json:"id"`
	Items    []lineBody `json:"items"`
	Count    int64      `json:"count"`
	Total    float64    `json:"total"`
	Currency string     `json:"currency"`
	shopapi.Stamp
}

func (s *Service) body(c cart) cartBody {
	b := cartBody{ID: strconv.FormatInt(c.id, 10), Items: make([]lineBody, 0, len(c.lines)), Currency: "EUR", Stamp: s.api.Stamp()}
	var cents int64
	for _, l := range c.lines {
		p, total := l.product, l.product.PriceCents*l.quantity
		b.Count += l.quantity
		cents += total
		b.Items = append(b.Items, lineBody{
			ID: p.ID, ProductID: p.ID, SKU: p.SKU, Name: p.Name, Price: shopapi.PriceNumber(p.PriceCents), Quantity: l.quantity,
			Total: shopapi.PriceNumber(total), Available: p.Stock, URL: s.api.ProductURL(p.ID), Picture: shopapi.PictureURL(p.ID, p.PictureSeq),
		})
	}
	b.Total = shopapi.PriceNumber(cents)
	return b
}

func (s *Service) get(w http.ResponseWriter, r *http.Request, cartID int64) error {
	seq, c, err := s.carts.read(r.Context(), cartID)
	if err != nil {
		return err
	}
	// A cart shows prices and stocks, so it changes with the products too.
	if shopapi.NotModified(w, r, fmt.Sprintf(`W/"c%d-%d-%d"`, c.id, c.version, seq), time.Time{}) {
		return nil
	}
	s.api.WriteJSON(w, r, http.StatusOK, s.body(c))
	return nil
}

// add takes {"product_id":17,"quantity":2}; without a quantity it is 1.
func (s *Service) add(w http.ResponseWriter, r *http.Request, cartID int64) error {
	var in struct {
		ProductID int64  `json:"product_id"`
		Quantity  *int64 `json:"quantity"`
	}
	if err := shopapi.ReadJSON(r, &in); err != nil {
		return err
	}
	quantity := int64(1)
	if in.Quantity != nil {
		quantity = *in.Quantity
	}
	c, err := s.carts.add(r.Context(), cartID, in.ProductID, quantity)
	if errors.Is(err, legacydb.ErrNotFound) {
		return &shopapi.Failure{Status: http.StatusNotFound, Code: "not_found", Message: "there is no such product"}
	}
	if err != nil {
		return err
	}
	w.Header().Set("Location", fmt.Sprintf("%s/api/cart/items/%d", s.api.Origin(r), in.ProductID))
	s.api.WriteJSON(w, r, http.StatusCreated, s.body(c))
	return nil
}

// set takes {"quantity":3}; 0 takes the line out.
func (s *Service) set(w http.ResponseWriter, r *http.Request, cartID int64) error {
	var in struct {
		Quantity *int64 `json:"quantity"`
	}
	id, err := shopapi.PathID(r)
	if err != nil {
		return err
	}
	if err := shopapi.ReadJSON(r, &in); err != nil {
		return err
	}
	if in.Quantity == nil {
		return shopapi.BadJSON("the body lacks a quantity")
	}
	return s.setLine(w, r, cartID, id, *in.Quantity)
}

func (s *Service) remove(w http.ResponseWriter, r *http.Request, cartID int64) error {
	id, err := shopapi.PathID(r)
	if err != nil {
		return err
	}
	return s.setLine(w, r, cartID, id, 0)
}

func (s *Service) setLine(w http.ResponseWriter, r *http.Request, cartID, productID, quantity int64) error {
	c, err := s.carts.set(r.Context(), cartID, productID, quantity)
	if err != nil {
		return err
	}
	s.api.WriteJSON(w, r, http.StatusOK, s.body(c))
	return nil
}

package shop

import (
	"fmt"
	"net/http"
	"time"

	"ficus/legacy-stub/shop/httpkit"
	"ficus/legacy-stub/shop/store"
)

type cartLine struct {
	ID        int64       `json:"id"` // the product's: a cart has one line for each product
	ProductID int64       `json:"product_id"`
	SKU       string      `json:"sku"`
	Name      string      `json:"name"`
	Price     priceNumber `json:"price"`
	Quantity  int64       `json:"quantity"`
	Total     priceNumber `json:"total"`
	Available int64       `json:"available"`
	URL       string      `json:"url"`
	Picture   string      `json:"picture"`
}

type cartAnswer struct {
	ID       cartIDText  `json:"id"`
	Items    []cartLine  `json:"items"`
	Count    int64       `json:"count"`
	Total    priceNumber `json:"total"`
	Currency string      `json:"currency"`
	stamp
}

func (s *Shop) cartAnswer(c store.Cart) cartAnswer {
	a := cartAnswer{
		ID: asCartIDText(c.ID), Items: make([]cartLine, 0, len(c.Lines)), Count: c.Count(), Total: asPriceNumber(c.TotalCents()),
		Currency: currency, stamp: s.stampNow(),
	}
	for _, l := range c.Lines {
		p := l.Product
		a.Items = append(a.Items, cartLine{
			ID: p.ID, ProductID: p.ID, SKU: p.SKU, Name: p.Name, Price: asPriceNumber(p.PriceCents), Quantity: l.Quantity,
			Total: asPriceNumber(l.TotalCents()), Available: p.Stock, URL: s.ownURL(productPath(p.ID)), Picture: s.pictureURL(p),
		})
	}
	return a
}

func (s *Shop) apiCart(w http.ResponseWriter, r *http.Request, v *visit) error {
	seq, err := s.db.ChangeSeq(r.Context())
	if err != nil {
		return err
	}
	c, err := s.db.Cart(r.Context(), v.session.CartID)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "private, no-cache")
	// A cart shows prices and stocks, so it changes with the products too.
	if httpkit.NotModified(w, r, fmt.Sprintf(`W/"c%d-%d-%d"`, c.ID, c.Version, seq), time.Time{}) {
		return nil
	}
	s.writeJSON(w, r, http.StatusOK, s.cartAnswer(c))
	return nil
}

// apiCartAdd takes {"product_id":17,"quantity":2}; without a quantity it is 1.
func (s *Shop) apiCartAdd(w http.ResponseWriter, r *http.Request, v *visit) error {
	var in struct {
		ProductID int64  `json:"product_id"`
		Quantity  *int64 `json:"quantity"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	n := int64(1)
	if in.Quantity != nil {
		n = *in.Quantity
	}
	c, err := s.db.AddToCart(r.Context(), v.session.CartID, in.ProductID, n)
	if err != nil {
		return productNotFound(err)
	}
	w.Header().Set("Location", fmt.Sprintf("%s/api/cart/items/%d", s.origin(r), in.ProductID))
	s.writeJSON(w, r, http.StatusCreated, s.cartAnswer(c))
	return nil
}

// apiCartSet takes {"quantity":3}; 0 takes the line out.
func (s *Shop) apiCartSet(w http.ResponseWriter, r *http.Request, v *visit) error {
	var in struct {
		Quantity *int64 `json:"quantity"`
	}
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if in.Quantity == nil {
		return fail(http.StatusBadRequest, "bad_json", "the body lacks a quantity")
	}
	return s.apiSetLine(w, r, v, id, *in.Quantity)
}

func (s *Shop) apiCartRemove(w http.ResponseWriter, r *http.Request, v *visit) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	return s.apiSetLine(w, r, v, id, 0)
}

func (s *Shop) apiSetLine(w http.ResponseWriter, r *http.Request, v *visit, id, quantity int64) error {
	c, err := s.db.SetCartLine(r.Context(), v.session.CartID, id, quantity)
	if err != nil {
		return err
	}
	s.writeJSON(w, r, http.StatusOK, s.cartAnswer(c))
	return nil
}

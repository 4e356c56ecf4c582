package shop

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"ficus/legacy-stub/shop/store"
)

func (s *Shop) cartPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	c, err := s.db.Cart(r.Context(), v.session.CartID)
	if err != nil {
		return err
	}
	return s.show(w, r, v, screen{template: "cart.html", title: "Your cart", body: map[string]any{
		"Cart": c, "Most": store.MaxQuantity,
	}})
}

func (s *Shop) cartAdd(w http.ResponseWriter, r *http.Request, v *visit) error {
	id, err := strconv.ParseInt(r.PostForm.Get("product_id"), 10, 64)
	if err != nil {
		return fail(http.StatusBadRequest, "bad_form", "the form lacks a product")
	}
	n, err := quantity(r)
	if err != nil {
		return s.cartTrouble(w, r, v, err, productPath(id))
	}
	c, err := s.db.AddToCart(r.Context(), v.session.CartID, id, n)
	if err != nil {
		return s.cartTrouble(w, r, v, err, productPath(id))
	}
	name := ""
	for _, l := range c.Lines {
		if l.Product.ID == id {
			name = l.Product.Name
		}
	}
	return s.tellAndGo(w, r, v, "success", fmt.Sprintf("%s is in your cart.", name), "/cart")
}

func (s *Shop) cartSet(w http.ResponseWriter, r *http.Request, v *visit) error {
	n, err := quantity(r)
	if err != nil {
		return s.cartTrouble(w, r, v, err, "/cart")
	}
	return s.setLine(w, r, v, n, "Your cart is up to date.")
}

func (s *Shop) cartRemove(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.setLine(w, r, v, 0, "We took it out of your cart.")
}

func (s *Shop) setLine(w http.ResponseWriter, r *http.Request, v *visit, n int64, done string) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if _, err := s.db.SetCartLine(r.Context(), v.session.CartID, id, n); err != nil {
		return s.cartTrouble(w, r, v, err, "/cart")
	}
	return s.tellAndGo(w, r, v, "success", done, "/cart")
}

// quantity is the form's quantity, 1 if it has none.
func quantity(r *http.Request) (int64, error) {
	text := r.PostForm.Get("quantity")
	if text == "" {
		return 1, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, store.ErrQuantity
	}
	return n, nil
}

// cartTrouble tells the visitor about what a visitor can help, and sends them back.
func (s *Shop) cartTrouble(w http.ResponseWriter, r *http.Request, v *visit, err error, back string) error {
	var stock *store.StockError
	switch {
	case errors.As(err, &stock):
		return s.tellAndGo(w, r, v, "error", fmt.Sprintf("Sorry, %s.", stock), back)
	case errors.Is(err, store.ErrQuantity):
		return s.tellAndGo(w, r, v, "error", fmt.Sprintf("Please choose a quantity between 1 and %d.", store.MaxQuantity), back)
	}
	return err
}

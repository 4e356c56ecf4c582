package shop

import (
	"errors"
	"fmt"
	"net/http"

	"ficus/legacy-stub/shop/store"
)

// checkout shows the address form, filled in from the latest order.
func (s *Shop) checkout(w http.ResponseWriter, r *http.Request, v *visit) error {
	latest, err := s.db.Orders(r.Context(), v.user().ID, 1)
	if err != nil {
		return err
	}
	to := address{Name: v.user().Name}
	if len(latest) > 0 {
		to = address(latest[0].Address)
	}
	return s.showCheckout(w, r, v, http.StatusOK, to, nil)
}

func (s *Shop) showCheckout(w http.ResponseWriter, r *http.Request, v *visit, status int, to address, problems map[string]string) error {
	c, err := s.db.Cart(r.Context(), v.session.CartID)
	if err != nil {
		return err
	}
	if len(c.Lines) == 0 {
		return s.tellAndGo(w, r, v, "info", "Your cart is empty.", "/cart")
	}
	return s.show(w, r, v, screen{status: status, template: "checkout.html", title: "Checkout", body: map[string]any{
		"Cart": c, "Address": to, "Problems": problems,
	}})
}

func (s *Shop) placeOrder(w http.ResponseWriter, r *http.Request, v *visit) error {
	f := r.PostForm
	to, problems := address{f.Get("name"), f.Get("street"), f.Get("postcode"), f.Get("city"), f.Get("country")}.check()
	if len(problems) > 0 {
		return s.showCheckout(w, r, v, http.StatusUnprocessableEntity, to, problems)
	}
	o, err := s.order(r, v, to)
	var stock *store.StockError
	switch {
	case errors.Is(err, store.ErrCartEmpty):
		return s.tellAndGo(w, r, v, "info", "Your cart is empty.", "/cart")
	case errors.As(err, &stock):
		return s.tellAndGo(w, r, v, "error", fmt.Sprintf("Somebody was faster: %s. Please change your cart.", stock), "/cart")
	case err != nil:
		return err
	}
	return s.tellAndGo(w, r, v, "success", "Thank you! Your order is on its way to our packing table.", fmt.Sprintf("/orders/%d", o.ID))
}

func (s *Shop) ordersPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	list, err := s.db.Orders(r.Context(), v.user().ID, 100)
	if err != nil {
		return err
	}
	return s.show(w, r, v, screen{template: "orders.html", title: "Your orders", body: map[string]any{"Orders": list}})
}

func (s *Shop) orderPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	o, err := s.ownOrder(r, v)
	if err != nil {
		return err
	}
	return s.show(w, r, v, screen{template: "order.html", title: fmt.Sprintf("Order %d", o.ID), body: map[string]any{"Order": o}})
}

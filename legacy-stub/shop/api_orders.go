package shop

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"ficus/legacy-stub/shop/store"
)

type orderLine struct {
	ProductID int64       `json:"product_id"`
	SKU       string      `json:"sku"`
	Name      string      `json:"name"`
	Price     priceNumber `json:"price"`
	Quantity  int64       `json:"quantity"`
	Total     priceNumber `json:"total"`
}

type address struct {
	Name     string `json:"name"`
	Street   string `json:"street"`
	Postcode string `json:"postcode"`
	City     string `json:"city"`
	Country  string `json:"country"`
}

type orderBody struct {
	ID       int64        `json:"id"`
	Date     string       `json:"date"`
	Status   string       `json:"status"`
	CartID   cartIDNumber `json:"cart_id"`
	Address  address      `json:"address"`
	Lines    []orderLine  `json:"lines"`
	Total    priceNumber  `json:"total"`
	Currency string       `json:"currency"`
	Invoice  string       `json:"invoice"`
}

type orderAnswer struct {
	orderBody
	stamp
}

func (s *Shop) orderBody(o store.Order) orderBody {
	b := orderBody{
		ID: o.ID, Date: paperDate(o.PlacedAt), Status: o.Status, CartID: cartIDNumber(o.CartID), Address: address(o.Address),
		Lines: make([]orderLine, 0, len(o.Lines)), Total: asPriceNumber(o.TotalCents), Currency: currency,
		Invoice: s.ownURL(fmt.Sprintf("/orders/%d/invoice.csv", o.ID)),
	}
	for _, l := range o.Lines {
		b.Lines = append(b.Lines, orderLine{
			ProductID: l.ProductID, SKU: l.SKU, Name: l.Name, Price: asPriceNumber(l.PriceCents), Quantity: l.Quantity,
			Total: asPriceNumber(l.TotalCents()),
		})
	}
	return b
}

func (s *Shop) apiOrders(w http.ResponseWriter, r *http.Request, v *visit) error {
	list, err := s.db.Orders(r.Context(), v.user().ID, 100)
	if err != nil {
		return err
	}
	body := struct {
		Orders []orderBody `json:"orders"`
		stamp
	}{make([]orderBody, 0, len(list)), s.stampNow()}
	for _, o := range list {
		body.Orders = append(body.Orders, s.orderBody(o))
	}
	s.writeJSON(w, r, http.StatusOK, body)
	return nil
}

func (s *Shop) apiOrder(w http.ResponseWriter, r *http.Request, v *visit) error {
	o, err := s.ownOrder(r, v)
	if err != nil {
		return err
	}
	s.writeJSON(w, r, http.StatusOK, orderAnswer{s.orderBody(o), s.stampNow()})
	return nil
}

// ownOrder finds the order of the path, if it is the visitor's or the visitor an admin. Another's order is not found, rather than
// forbidden, so that nobody learns which numbers exist.
func (s *Shop) ownOrder(r *http.Request, v *visit) (store.Order, error) {
	id, err := pathID(r)
	if err != nil {
		return store.Order{}, err
	}
	o, err := s.db.Order(r.Context(), id)
	if err == nil && o.UserID != v.user().ID && v.user().Role != store.RoleAdmin {
		err = store.ErrNotFound
	}
	return o, err
}

// apiPlaceOrder orders what is in the cart; the body is the address.
func (s *Shop) apiPlaceOrder(w http.ResponseWriter, r *http.Request, v *visit) error {
	var to address
	if err := readJSON(r, &to); err != nil {
		return err
	}
	to, problems := to.check()
	if len(problems) > 0 {
		return &failure{http.StatusUnprocessableEntity, "bad_address", "the address is not complete", map[string]any{"fields": problems}}
	}
	o, err := s.order(r, v, to)
	if err != nil {
		return err
	}
	w.Header().Set("Location", fmt.Sprintf("%s/api/orders/%d", s.origin(r), o.ID))
	s.writeJSON(w, r, http.StatusCreated, orderAnswer{s.orderBody(o), s.stampNow()})
	return nil
}

func (s *Shop) order(r *http.Request, v *visit, to address) (store.Order, error) {
	o, err := s.db.PlaceOrder(r.Context(), v.user().ID, v.session.CartID, store.Address(to))
	if err == nil {
		s.hub.Changed()
	}
	return o, err
}

// check trims an address and tells, for each field, what is wrong with it.
func (a address) check() (address, map[string]string) {
	problems := map[string]string{}
	for _, f := range []struct {
		name  string
		value *string
	}{{"name", &a.Name}, {"street", &a.Street}, {"postcode", &a.Postcode}, {"city", &a.City}, {"country", &a.Country}} {
		*f.value = strings.Join(strings.Fields(*f.value), " ")
		switch {
		case *f.value == "":
			problems[f.name] = "Please fill this in."
		case len(*f.value) > 120:
			problems[f.name] = "That is too long."
		}
	}
	return a, problems
}

func (s *Shop) apiAccount(w http.ResponseWriter, r *http.Request, v *visit) error {
	orders, err := s.db.Orders(r.Context(), v.user().ID, 1000)
	if err != nil {
		return err
	}
	u := v.user()
	s.writeJSON(w, r, http.StatusOK, struct {
		ID          int64     `json:"id"`
		Email       string    `json:"email"`
		Name        string    `json:"name"`
		Role        string    `json:"role"`
		MemberSince time.Time `json:"member_since"`
		Orders      int       `json:"orders"`
		stamp
	}{u.ID, u.Email, u.Name, u.Role, u.CreatedAt, len(orders), s.stampNow()})
	return nil
}

// productNotFound says that it is the product that is missing, not the address.
func productNotFound(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return fail(http.StatusNotFound, "not_found", "there is no such product")
	}
	return err
}

package shop

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// The shop's quirks. Each is a habit that clients have come to depend on, so each stays until the last client is gone. The package comment
// lists them; quirks_test.go pins each one down.

// Quirk 1, price here and there: a price is text with two decimals in the product list ("12.50") and a number in product detail, cart and
// orders (12.5).
type (
	priceText   string
	priceNumber float64
)

func asPriceText(cents int64) priceText {
	return priceText(fmt.Sprintf("%d.%02d", cents/100, cents%100))
}
func asPriceNumber(cents int64) priceNumber { return priceNumber(float64(cents) / 100) }

// Quirk 2, tags in no order: the tags of a product come in another order in each answer.
func (s *Shop) tagsInNoOrder(tags []string) []string {
	list := append([]string{}, tags...) // an empty list is [], never null
	for i := len(list) - 1; i > 0; i-- {
		j := s.rand.below(i + 1)
		list[i], list[j] = list[j], list[i]
	}
	return list
}

// Quirk 3, the time in each answer: every JSON answer, errors too, carries the time at which it was made, so no two are equal. GraphQL
// answers carry it under "extensions".
type stamp struct {
	GeneratedAt string `json:"generated_at"`
}

func (s *Shop) stampNow() stamp { return stamp{s.cfg.Now().UTC().Format(time.RFC3339Nano)} }

// Quirk 4, a session for everyone: the first request of a client starts a session, so a GET, of a page or of the JSON API, answers with
// Set-Cookie.
const sessionCookie = "shop_session"

// Quirk 5, last seen: every GET that is answered by a page or by JSON with a 2xx sets a second cookie to the time in seconds.
const lastSeenCookie = "shop_last_seen"

func (s *Shop) setLastSeen(w http.ResponseWriter, r *http.Request, status int) {
	if (r.Method != http.MethodGet && r.Method != http.MethodHead) || status < 200 || status > 299 {
		return
	}
	http.SetCookie(w, &http.Cookie{ // Secure over https only: the shop serves plain http too
		Name: lastSeenCookie, Value: strconv.FormatInt(s.cfg.Now().Unix(), 10), Path: "/", MaxAge: 365 * 24 * 60 * 60,
		HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteLaxMode,
	})
}

// Quirk 6, its own address: the "url" of a product, and the invoice of an order, are absolute, with the host from the configuration and not
// the one that the client asked.
func (s *Shop) ownURL(path string) string { return s.cfg.BaseURL + path }

// Quirk 7, an unknown category is no error: the product list answers it with 200 and {"error": …}.
func isKnownCategory(categories []string, slug string) bool {
	return slug == "" || slices.Contains(categories, slug)
}

type unknownCategory struct {
	Error    string     `json:"error"`
	Products []struct{} `json:"products"`
	stamp
}

func (s *Shop) unknownCategoryAnswer(slug string) (status int, body unknownCategory) {
	return http.StatusOK, unknownCategory{
		Error: fmt.Sprintf("unknown category %q", slug), Products: []struct{}{}, stamp: s.stampNow(),
	}
}

// Quirk 8, the cart's id here and there: text in the cart ("42"), a number in the orders made from it (42).
type (
	cartIDText   string
	cartIDNumber int64
)

func asCartIDText(id int64) cartIDText { return cartIDText(strconv.FormatInt(id, 10)) }

// Quirk 9, dates as on paper: an order's date is "31.12.2026 23:59", in UTC without saying so. Everywhere else times are RFC 3339.
func paperDate(t time.Time) string { return t.UTC().Format("02.01.2006 15:04") }

// Quirk 10, it tells its name: every answer carries Server and X-Powered-By.
func tellName(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "shopd/4.2")
		w.Header().Set("X-Powered-By", "StoreFront/4.2")
		next.ServeHTTP(w, r)
	})
}

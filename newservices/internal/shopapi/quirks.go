package shopapi

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// The monolith's habits that its clients depend on. The services keep them until the last client is
// gone.

// Stamp is embedded in every JSON body: the time at which it was made.
type Stamp struct {
	GeneratedAt string `json:"generated_at"`
}

// Stamp returns the time as bodies carry it.
func (a *API) Stamp() Stamp { return Stamp{a.Now().UTC().Format(time.RFC3339Nano)} }

const (
	sessionCookie  = "shop_session"   // begins with a visitor's first request
	lastSeenCookie = "shop_last_seen" // set on every GET that is answered by JSON with a 2xx
)

func (a *API) setLastSeen(w http.ResponseWriter, r *http.Request, status int) {
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) && status >= 200 && status <= 299 {
		a.setCookie(w, r, lastSeenCookie, strconv.FormatInt(a.Now().Unix(), 10), 365*24*time.Hour)
	}
}

func (a *API) setCookie(w http.ResponseWriter, r *http.Request, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(life.Seconds()),
		HttpOnly: true, Secure: a.secure(r), SameSite: http.SameSiteLaxMode,
	})
}

// secure tells whether the client used https.
func (a *API) secure(r *http.Request) bool {
	return r.TLS != nil || a.TrustProxy && r.Header.Get("X-Forwarded-Proto") == "https"
}

// Origin is scheme and host as the client used them, for absolute Locations.
func (a *API) Origin(r *http.Request) string {
	if a.secure(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// PriceNumber is a price in product detail and cart: a number.
func PriceNumber(cents int64) float64 { return float64(cents) / 100 }

// PriceText is a price in the product list: text with two decimals.
func PriceText(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }

// ProductURL is a product's page, with the monolith's own host whatever the client asked.
func (a *API) ProductURL(id int64) string { return a.BaseURL + productPath(id) }

// PictureURL is the path of a product's picture; its number changes with the picture.
func PictureURL(id, pictureSeq int64) string {
	return fmt.Sprintf("%s/picture?v=%d", productPath(id), pictureSeq)
}

func productPath(id int64) string { return "/products/" + strconv.FormatInt(id, 10) }

// InNoOrder returns the tags of a product in another order each time; an empty list is [], never null.
func (a *API) InNoOrder(tags []string) []string {
	list := append([]string{}, tags...)
	for i := len(list) - 1; i > 0; i-- {
		j := a.below(i + 1)
		list[i], list[j] = list[j], list[i]
	}
	return list
}

// below is a number from 0 to n-1; 0 should the source of randomness fail.
func (a *API) below(n int) int {
	var b [4]byte
	if _, err := io.ReadFull(a.Rand, b[:]); err != nil {
		return 0
	}
	return int(binary.BigEndian.Uint32(b[:]) % uint32(n))
}

// named tells name and version of the software, the monolith's, and what browsers must not do.
func named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Server", "shopd/4.2")
		h.Set("X-Powered-By", "StoreFront/4.2")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

package shopapi

import (
	"net/http"
)

// WritePage answers with a page, as the monolith does.
func (a *API) WritePage(w http.ResponseWriter, r *http.Request, status int, text []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "private, no-store")
	h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	a.setLastSeen(w, r, status)
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that went away
}

// Redirect sends the client on to a path of the shop, by GET, with an absolute Location.
func (a *API) Redirect(w http.ResponseWriter, r *http.Request, path string) {
	w.Header().Set("Cache-Control", "private, no-store")
	http.Redirect(w, r, a.Origin(r)+path, http.StatusSeeOther)
}

// SessionToken is the token of the session that a request's cookie names; "" without one. It does not say
// who asks: see [Config.Identify].
func SessionToken(r *http.Request) string {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

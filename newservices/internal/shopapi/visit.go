package shopapi

import (
	"context"
	"errors"
	"net/http"

	"ficus/newservices/internal/legacydb"
)

// Caller is who is logged in.
type Caller struct {
	UserID int64 // in the shop; 0: somebody whom the shop has no account for
	Admin  bool
}

// Identify tells who sent a request; false: nobody that is logged in. An error says that the request
// carries an identity which is not to be trusted.
type Identify func(*http.Request) (Caller, bool, error)

// Visit is one request of one visitor.
type Visit struct {
	Caller Caller // the zero Caller: not logged in, or without an account in the shop
	Known  bool   // is logged in
	CartID int64  // of the session; 0: the caller's account says whose request it is, or no session could be had
}

// begin finds out who asks. A visitor whom nothing else tells apart has a session, or gets one, as the
// monolith has it.
func (a *API) begin(w http.ResponseWriter, r *http.Request) (v Visit, err error) {
	if a.Identify != nil {
		if v.Caller, v.Known, err = a.Identify(r); err != nil {
			return Visit{}, a.refused(w, r, err)
		}
	}
	if v.Caller.UserID != 0 {
		return v, nil
	}
	v.CartID, err = a.session(w, r)
	return v, err
}

func (a *API) refused(w http.ResponseWriter, r *http.Request, why error) error {
	a.Logger.WarnContext(r.Context(), "refusing an identity", "path", r.URL.EscapedPath(), "error", why)
	return unauthorized(w, "identity_refused", "who you are could not be believed")
}

func unauthorized(w http.ResponseWriter, code, message string) error {
	w.Header().Set("WWW-Authenticate", `Session realm="shop"`) // RFC 9110, 11.6.1: a 401 names a scheme
	return &Failure{Status: http.StatusUnauthorized, Code: code, Message: message}
}

// Customer lets only those in who are logged in, with an account of the shop.
func Customer(handle HandlerFunc) HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, v Visit) error {
		switch {
		case !v.Known:
			return unauthorized(w, "login_required", "log in first")
		case v.Caller.UserID == 0:
			return NoAccount()
		}
		return handle(w, r, v)
	}
}

// NoAccount is the failure of somebody who is logged in, but not with an account of the shop.
func NoAccount() error {
	return &Failure{Status: http.StatusForbidden, Code: "no_account", Message: "there is no account for you in this shop"}
}

// session finds the visitor's session or starts one, as the monolith does on every request.
func (a *API) session(w http.ResponseWriter, r *http.Request) (cartID int64, err error) {
	cartID, err = a.findOrStart(w, r)
	if err != nil && a.SessionOptional && !errors.Is(err, context.Canceled) {
		a.Logger.WarnContext(r.Context(), "answering without a session", "error", err)
		return 0, nil
	}
	return cartID, err
}

func (a *API) findOrStart(w http.ResponseWriter, r *http.Request) (int64, error) {
	if c, err := r.Cookie(sessionCookie); err == nil {
		s, err := a.sessions.Find(r.Context(), c.Value)
		if !errors.Is(err, legacydb.ErrNotFound) {
			return s.CartID, err
		}
	}
	token, s, err := a.sessions.Start(r.Context())
	if err != nil {
		return 0, err
	}
	a.setCookie(w, r, sessionCookie, token, legacydb.SessionLife)
	return s.CartID, nil
}

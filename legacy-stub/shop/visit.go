package shop

import (
	"context"
	"errors"
	"net/http"

	"ficus/legacy-stub/shop/store"
)

// visit is one request of one visitor.
type visit struct {
	session store.Session // the zero Session: none was started
}

func (v *visit) user() *store.User { return v.session.User }

// handlerFunc is a handler for a visitor. An error that it returns becomes an answer: see failure.
type handlerFunc func(w http.ResponseWriter, r *http.Request, v *visit) error

// known finds the visitor's session, if there is one.
func (s *Shop) known(r *http.Request) (*visit, error) {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return &visit{}, nil // no cookie: a new visitor
	}
	x, err := s.db.Session(r.Context(), c.Value)
	if errors.Is(err, store.ErrNotFound) {
		return &visit{}, nil
	}
	return &visit{session: x}, err
}

// begin finds the visitor's session or starts one.
func (s *Shop) begin(w http.ResponseWriter, r *http.Request) (*visit, error) {
	v, err := s.known(r)
	if err != nil || v.session.TokenHash != "" {
		return v, err
	}
	err = s.startSession(w, r, v)
	return v, err
}

// startSession gives the visitor a guest's session.
func (s *Shop) startSession(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.newSession(w, r, v, func(ctx context.Context, token, csrf string) (store.Session, error) {
		return s.db.StartSession(ctx, token, csrf)
	})
}

// loginSession gives the visitor a new session as a user. The token is new, so one that somebody planted before the login is worth nothing.
func (s *Shop) loginSession(w http.ResponseWriter, r *http.Request, v *visit, userID int64) error {
	return s.newSession(w, r, v, func(ctx context.Context, token, csrf string) (store.Session, error) {
		return s.db.Login(ctx, v.session, userID, token, csrf)
	})
}

func (s *Shop) newSession(w http.ResponseWriter, r *http.Request, v *visit, make func(ctx context.Context, token, csrf string) (store.Session, error)) error {
	token, err := s.rand.token()
	if err != nil {
		return err
	}
	csrf, err := s.rand.token()
	if err != nil {
		return err
	}
	if v.session, err = make(r.Context(), token, csrf); err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{ // Secure over https only: the shop serves plain http too
		Name: sessionCookie, Value: token, Path: "/", MaxAge: int(store.SessionLife.Seconds()),
		HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteLaxMode,
	})
	return nil
}

// secure tells whether the client reached the shop by https.
func (s *Shop) secure(r *http.Request) bool {
	return r.TLS != nil || (s.cfg.TrustProxy && r.Header.Get("X-Forwarded-Proto") == "https")
}

// origin is scheme and host as the client used them.
func (s *Shop) origin(r *http.Request) string {
	if s.secure(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// redirect sends the client on to a path of the shop, by GET, with an absolute Location.
func (s *Shop) redirect(w http.ResponseWriter, r *http.Request, path string) error {
	w.Header().Set("Cache-Control", "private, no-store")
	http.Redirect(w, r, s.origin(r)+path, http.StatusSeeOther) // path is a path of the shop: see localPath
	return nil
}

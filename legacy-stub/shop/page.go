package shop

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"ficus/legacy-stub/shop/picture"
	"ficus/legacy-stub/shop/store"
	"ficus/legacy-stub/shop/view"
)

const (
	maxForm   = 64 << 10                       // bytes of a form
	maxUpload = picture.MaxUpload + (64 << 10) // bytes of a form with a picture
)

// page makes a handler of a page. A form must come with the session's CSRF token.
func (s *Shop) page(h handlerFunc) http.Handler {
	return s.form(maxForm, h)
}

// upload makes a handler of a form with a file.
func (s *Shop) upload(h handlerFunc) http.Handler {
	return s.form(maxUpload, h)
}

func (s *Shop) form(limit int64, h handlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		v, err := s.begin(w, r)
		if err == nil {
			err = s.servePage(w, r, v, limit, h)
		} else {
			v = &visit{}
		}
		if err != nil {
			s.pageFailure(w, r, v, s.failureOf(r, err))
		}
		if r.MultipartForm != nil {
			_ = r.MultipartForm.RemoveAll() // nothing is kept in files: the limit is below what fits in memory
		}
	})
}

func (s *Shop) servePage(w http.ResponseWriter, r *http.Request, v *visit, limit int64, h handlerFunc) error {
	if r.Method == http.MethodPost {
		if err := readForm(r, limit); err != nil {
			return err
		}
		if subtle.ConstantTimeCompare([]byte(r.PostForm.Get("csrf_token")), []byte(v.session.CSRFToken)) != 1 {
			return fail(http.StatusForbidden, "forbidden", "this form is too old: please go back, load the page again, and send it once more")
		}
	}
	return h(w, r, v)
}

func readForm(r *http.Request, limit int64) error {
	var err error
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		err = r.ParseMultipartForm(limit) // the body is limited in form
	} else {
		err = r.ParseForm()
	}
	var size *http.MaxBytesError
	if err != nil && !errors.As(err, &size) {
		return fail(http.StatusBadRequest, "bad_form", "the form could not be read")
	}
	return err
}

// customer lets only visitors in who are logged in, and sends the others to the login and back.
func (s *Shop) customer(h handlerFunc) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request, v *visit) error {
		if v.user() != nil {
			return h(w, r, v)
		}
		next := r.URL.RequestURI()
		if r.Method == http.MethodPost {
			next = "/account"
		}
		return s.redirect(w, r, "/login?next="+url.QueryEscape(next))
	}
}

// admin lets only admins in.
func (s *Shop) admin(h handlerFunc) handlerFunc {
	return s.customer(func(w http.ResponseWriter, r *http.Request, v *visit) error {
		if v.user().Role != store.RoleAdmin {
			return fail(http.StatusForbidden, "forbidden", "this part of the shop is for its staff")
		}
		return h(w, r, v)
	})
}

// screen is a page to show.
type screen struct {
	status   int    // default 200
	template string // in view/templates
	title    string
	category string // the category that the navigation marks
	query    string // what stands in the search field
	body     any    // what the template shows
}

// show answers with a page. It shows the visitor's message, if there is one, and then forgets it.
func (s *Shop) show(w http.ResponseWriter, r *http.Request, v *visit, sc screen) error {
	categories, err := s.db.Categories(r.Context())
	if err != nil {
		return err
	}
	f := view.Frame{
		Title: sc.title, User: v.user(), CSRF: v.session.CSRFToken, Categories: categories, Category: sc.category, Query: sc.query,
		Flash: view.ParseFlash(v.session.Flash), Body: sc.body,
	}
	if v.session.CartID != 0 {
		if f.CartCount, err = s.db.CartCount(r.Context(), v.session.CartID); err != nil {
			return err
		}
	}
	var buf bytes.Buffer
	if err := s.view.Render(&buf, sc.template, f); err != nil {
		return err
	}
	if v.session.Flash != "" {
		if err := s.db.SetFlash(r.Context(), v.session, ""); err != nil {
			return err
		}
	}
	if sc.status == 0 {
		sc.status = http.StatusOK
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "private, no-store")
	h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	s.setLastSeen(w, r, sc.status)
	w.WriteHeader(sc.status)
	_, _ = w.Write(buf.Bytes()) // a client that went away
	return nil
}

// pageFailure answers with a page that says what went wrong.
func (s *Shop) pageFailure(w http.ResponseWriter, r *http.Request, v *visit, f *failure) {
	title := http.StatusText(f.status)
	if f.status == http.StatusNotFound {
		title = "Not found"
	}
	err := s.show(w, r, v, screen{status: f.status, template: "failure.html", title: title, body: map[string]any{"Status": f.status, "Message": f.message}})
	if err != nil {
		s.log.ErrorContext(r.Context(), "showing an error page", "path", r.URL.EscapedPath(), "error", err)
		http.Error(w, sorry, http.StatusInternalServerError)
	}
}

// tell leaves a message for the visitor's next page. Kind is success, info or error.
func (s *Shop) tell(r *http.Request, v *visit, kind, text string) error {
	return s.db.SetFlash(r.Context(), v.session, kind+"|"+text)
}

// tellAndGo leaves a message and sends the visitor on.
func (s *Shop) tellAndGo(w http.ResponseWriter, r *http.Request, v *visit, kind, text, path string) error {
	if err := s.tell(r, v, kind, text); err != nil {
		return err
	}
	return s.redirect(w, r, path)
}

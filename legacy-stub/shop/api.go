package shop

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
)

// maxJSON is the size, in bytes, of the largest JSON body that the API reads.
const maxJSON = 64 << 10

// api makes a handler of the JSON API. A request that changes something must say that it is JSON: a form on another site cannot.
func (s *Shop) api(h handlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxJSON)
		if err := s.serveAPI(w, r, h); err != nil {
			s.apiFailure(w, r, s.failureOf(r, err))
		}
	})
}

func (s *Shop) serveAPI(w http.ResponseWriter, r *http.Request, h handlerFunc) error {
	if err := checkJSON(r); err != nil {
		return err
	}
	v, err := s.begin(w, r)
	if err != nil {
		return err
	}
	return h(w, r, v)
}

func checkJSON(r *http.Request) error {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return nil
	case http.MethodDelete: // a simple form cannot send it
		if r.ContentLength == 0 {
			return nil
		}
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return fail(http.StatusUnsupportedMediaType, "unsupported_media_type", "send application/json")
	}
	return nil
}

// apiCustomer lets only visitors in who are logged in.
func (s *Shop) apiCustomer(h handlerFunc) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request, v *visit) error {
		if v.user() == nil {
			return loginRequired(w)
		}
		return h(w, r, v)
	}
}

func loginRequired(w http.ResponseWriter) error {
	w.Header().Set("WWW-Authenticate", `Session realm="shop"`) // RFC 9110, 11.6.1: a 401 names a scheme
	return fail(http.StatusUnauthorized, "login_required", "log in first")
}

// readJSON reads the one JSON value that a request's body must be.
func readJSON(r *http.Request, into any) error {
	dec := json.NewDecoder(r.Body)
	err := dec.Decode(into)
	if err == nil {
		_, err = dec.Token()
		if err == nil {
			err = errors.New("there is more after the JSON value")
		} else if errors.Is(err, io.EOF) {
			return nil
		}
	}
	var size *http.MaxBytesError
	if errors.As(err, &size) {
		return err
	}
	return fail(http.StatusBadRequest, "bad_json", fmt.Sprintf("the body is not the JSON expected here: %v", err))
}

// pathID is the {id} of the path; what is no number is not found.
func pathID(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		return 0, fail(http.StatusNotFound, "not_found", "there is nothing at this address")
	}
	return id, nil
}

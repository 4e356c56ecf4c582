package shopapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// checkJSON wants a request that changes something to say that it is JSON: a form on another site can't.
func checkJSON(r *http.Request) error {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return nil
	case http.MethodDelete:
		if r.ContentLength == 0 {
			return nil
		}
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return &Failure{Status: http.StatusUnsupportedMediaType, Code: "unsupported_media_type", Message: "send application/json"}
	}
	return nil
}

// ReadJSON reads the one JSON value that a request's body must be.
func ReadJSON(r *http.Request, into any) error {
	decoder := json.NewDecoder(r.Body)
	err := decoder.Decode(into)
	if err == nil {
		if _, err = decoder.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = errors.New("there is more after the JSON value")
		}
	}
	var size *http.MaxBytesError
	if errors.As(err, &size) {
		return err
	}
	return BadJSON(fmt.Sprintf("the body is not the JSON expected here: %v", err))
}

// BadJSON is the failure of a body that lacks or breaks something.
func BadJSON(message string) error {
	return &Failure{Status: http.StatusBadRequest, Code: "bad_json", Message: message}
}

// PathID is the {id} of the path; what is no number is not found.
func PathID(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		return 0, notFound
	}
	return id, nil
}

// NotModified sets the validators of an answer and tells whether the client has it already; then it has
// written a 304 (RFC 9110, 13). A zero time is left out. For GET and HEAD only.
func NotModified(w http.ResponseWriter, r *http.Request, etag string, modified time.Time) bool {
	h := w.Header()
	h.Set("Cache-Control", "private, no-cache")
	h.Set("ETag", etag)
	if !modified.IsZero() {
		h.Set("Last-Modified", modified.UTC().Format(http.TimeFormat))
	}
	if !fresh(r, etag, modified) {
		return false
	}
	w.WriteHeader(http.StatusNotModified)
	return true
}

func fresh(r *http.Request, etag string, modified time.Time) bool {
	if values := r.Header.Values("If-None-Match"); len(values) > 0 {
		return contains(strings.Join(values, ","), etag) // then If-Modified-Since does not count
	}
	since, err := http.ParseTime(r.Header.Get("If-Modified-Since"))
	return err == nil && !modified.IsZero() && !modified.Truncate(time.Second).After(since)
}

// contains compares weakly, as If-None-Match asks (RFC 9110, 8.8.3.2).
func contains(list, etag string) bool {
	want := strings.TrimPrefix(etag, "W/")
	for part := range strings.SplitSeq(list, ",") {
		part = strings.TrimSpace(part)
		if part == "*" || strings.TrimPrefix(part, "W/") == want {
			return true
		}
	}
	return false
}

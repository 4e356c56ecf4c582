package httpkit

import (
	"net/http"
	"strings"
	"time"
)

// NotModified sets the validators of an answer and tells whether the client has it already; then it has written a 304 and the handler
// has nothing left to do. An empty etag or a zero time is left out. For GET and HEAD only (RFC 9110, 13.1 and 13.2.2).
func NotModified(w http.ResponseWriter, r *http.Request, etag string, modified time.Time) bool {
	h := w.Header()
	if etag != "" {
		h.Set("ETag", etag)
	}
	if !modified.IsZero() {
		h.Set("Last-Modified", modified.UTC().Format(http.TimeFormat))
	}
	if !fresh(r, etag, modified) {
		return false
	}
	h.Del("Content-Type")
	h.Del("Content-Length")
	w.WriteHeader(http.StatusNotModified)
	return true
}

func fresh(r *http.Request, etag string, modified time.Time) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	if values := r.Header.Values("If-None-Match"); len(values) > 0 {
		return etag != "" && matches(strings.Join(values, ","), etag) // then If-Modified-Since does not count
	}
	since, err := http.ParseTime(r.Header.Get("If-Modified-Since"))
	return err == nil && !modified.IsZero() && !modified.Truncate(time.Second).After(since)
}

// matches compares weakly, as If-None-Match asks (RFC 9110, 8.8.3.2). An entity tag has no quotation mark inside, so a comma outside
// of quotes ends it; the shop's own tags hold no comma, which makes splitting at commas right for every tag that could match.
func matches(list, etag string) bool {
	want := strings.TrimPrefix(etag, "W/")
	for part := range strings.SplitSeq(list, ",") {
		part = strings.TrimSpace(part)
		if part == "*" || strings.TrimPrefix(part, "W/") == want {
			return true
		}
	}
	return false
}

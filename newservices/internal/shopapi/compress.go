package shopapi

import (
	"bytes"
	"compress/gzip"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// minCompressed is the size, in bytes, of a body below which compression is not worth it.
const minCompressed = 512

// compress gives a client the gzip that it asks for, where the answer is text and long enough. Every
// answer that could have been compressed says so in Vary. Answers are small and made in one piece, so
// they are held until they are whole.
func compress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		held := &heldAnswer{ResponseWriter: w}
		next.ServeHTTP(held, r)
		if held.status == 0 {
			return // nothing was answered: a panic is on its way, or net/http says 200
		}
		body := held.body.Bytes()
		if h := w.Header(); compressible(held.status, h) {
			h.Add("Vary", "Accept-Encoding")
			if len(body) >= minCompressed && acceptsGzip(r.Header.Values("Accept-Encoding")) {
				h.Set("Content-Encoding", "gzip")
				h.Del("Content-Length")
				body = zipped(body)
			}
		}
		w.WriteHeader(held.status)
		_, _ = w.Write(body) // a client that went away
	})
}

type heldAnswer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (h *heldAnswer) WriteHeader(status int) { h.status = status }

func (h *heldAnswer) Write(b []byte) (int, error) { return h.body.Write(b) }

func zipped(body []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestSpeed) // the level is a valid one
	_, _ = z.Write(body)                              // a buffer takes everything
	_ = z.Close()
	return out.Bytes()
}

// compressible tells whether an answer could be compressed. One that comes in ranges can't.
func compressible(status int, h http.Header) bool {
	switch {
	case status == http.StatusPartialContent || h.Get("Accept-Ranges") != "":
		return false
	case status == http.StatusNotModified: // says Vary as the 200 would
		return strings.HasPrefix(h.Get("ETag"), "W/")
	}
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && (kind == "application/json" || kind == "text/html" || kind == "text/plain")
}

// acceptsGzip reads Accept-Encoding (RFC 9110, 12.5.3).
func acceptsGzip(values []string) bool {
	any := false
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		coding, params, _ := strings.Cut(part, ";")
		ok := quality(params) > 0
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			return ok
		case "*":
			any = ok
		}
	}
	return any
}

func quality(params string) float64 {
	_, value, found := strings.Cut(strings.ToLower(strings.ReplaceAll(params, " ", "")), "q=")
	if !found {
		return 1
	}
	q, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return 0
	}
	return q
}

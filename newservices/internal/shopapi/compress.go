package shopapi

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
)

// minCompressed is the size, in bytes, of a body below which compression is not worth it.
const minCompressed = 512

// compress gives a client the gzip that it asks for, where the answer is long enough. Every answer that
// could have been compressed says so in Vary. Answers are small and made in one piece, so they are held
// until they are whole.
func compress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		held := &heldAnswer{ResponseWriter: w}
		next.ServeHTTP(held, r)
		if held.status == 0 {
			return // nothing was answered: a panic is on its way, or net/http says 200
		}
		body := held.body.Bytes()
		w.Header().Add("Vary", "Accept-Encoding")
		if len(body) >= minCompressed && acceptsGzip(r.Header.Values("Accept-Encoding")) {
			w.Header().Set("Content-Encoding", "gzip")
			body = zipped(body)
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

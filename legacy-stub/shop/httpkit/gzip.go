package httpkit

import (
	"compress/gzip"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// minGzip is the size, in bytes, of a first write below which compression is not worth it.
const minGzip = 512

// Gzip compresses what a client asks for compressed, if it is text that is made in one piece: pages, JSON, SVG, styles and scripts.
// Event streams, exports, downloads with ranges and pictures pass unchanged. Answers that could have been compressed say
// "Vary: Accept-Encoding", compressed or not.
func Gzip(next http.Handler) http.Handler {
	pool := &sync.Pool{New: func() any {
		z, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // the level is a valid one
		return z
	}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g := &gzipWriter{ResponseWriter: w, pool: pool, wanted: acceptsGzip(r.Header.Values("Accept-Encoding"))}
		next.ServeHTTP(g, r)
		g.finish()
	})
}

// acceptsGzip reads Accept-Encoding (RFC 9110, 12.5.3).
func acceptsGzip(values []string) bool {
	star := false
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		coding, params, _ := strings.Cut(part, ";")
		ok := quality(params) > 0
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			return ok
		case "*":
			star = ok
		}
	}
	return star
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

type gzipWriter struct {
	http.ResponseWriter
	pool    *sync.Pool
	wanted  bool
	status  int // what the handler chose; written with the first byte of the body
	decided bool
	zip     *gzip.Writer // nil: pass through
}

// Unwrap lets http.ResponseController reach the connection, for deadlines and hijacking. Flushing goes through FlushError.
func (g *gzipWriter) Unwrap() http.ResponseWriter { return g.ResponseWriter }

func (g *gzipWriter) WriteHeader(status int) {
	if status < 200 { // 1xx, and 101 before a hijack
		g.ResponseWriter.WriteHeader(status)
		return
	}
	if g.status == 0 {
		g.status = status
	}
	if !g.compressible() { // nothing to wait for
		g.decide(0)
	}
}

func (g *gzipWriter) Write(b []byte) (int, error) {
	if g.status == 0 {
		g.WriteHeader(http.StatusOK)
	}
	g.decide(len(b))
	if g.zip != nil {
		return g.zip.Write(b)
	}
	return g.ResponseWriter.Write(b)
}

// FlushError implements what http.ResponseController looks for.
func (g *gzipWriter) FlushError() error {
	if g.status == 0 {
		g.WriteHeader(http.StatusOK)
	}
	g.decide(minGzip)
	if g.zip != nil {
		if err := g.zip.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(g.ResponseWriter).Flush()
}

// decide settles, once, whether to compress, when the size of the first write is known.
func (g *gzipWriter) decide(first int) {
	if g.decided {
		return
	}
	g.decided = true
	h := g.Header()
	if g.compressible() {
		h.Add("Vary", "Accept-Encoding")
		if g.wanted && first >= minGzip {
			h.Set("Content-Encoding", "gzip")
			h.Del("Content-Length")
			g.zip = g.pool.Get().(*gzip.Writer)
			g.zip.Reset(g.ResponseWriter)
		}
	}
	g.ResponseWriter.WriteHeader(g.status)
}

func (g *gzipWriter) compressible() bool {
	h := g.Header()
	bodyless := g.status == http.StatusNoContent || g.status == http.StatusPartialContent
	if bodyless || h.Get("Content-Encoding") != "" || h.Get("Accept-Ranges") != "" {
		return false
	}
	if g.status == http.StatusNotModified { // says Vary as the 200 would
		return h.Get("ETag") != "" && strings.HasPrefix(h.Get("ETag"), "W/")
	}
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return false
	}
	switch kind {
	case "text/html", "text/css", "text/javascript", "text/plain", "application/json", "image/svg+xml":
		return true
	}
	return false
}

// finish ends the compressed stream, or writes the header of an answer without a body.
func (g *gzipWriter) finish() {
	if g.status != 0 {
		g.decide(0)
	}
	if g.zip != nil {
		_ = g.zip.Close() // fails when the client went away, and for HEAD, which has no body to end
		g.pool.Put(g.zip)
	}
}

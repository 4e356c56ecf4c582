package issuer

import (
	"net/http"
	"strconv"
	"time"
)

// ServeHTTP serves the public keys as a JSON Web Key Set (RFC 7517). Caches may keep it
// for half of the time that a new key is published ahead.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	age := min(i.config.Ahead/2, 5*time.Minute)
	text := i.ring.Load().published
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "public, max-age="+strconv.Itoa(int(age/time.Second)))
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.Method == http.MethodGet {
		_, _ = w.Write(text) // a client that went away
	}
}

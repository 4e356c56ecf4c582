package token

import (
	"context"
	"encoding/json"
	"net/http"
)

type contextKey struct{}

// From returns who asks, as [Verifier.Require] and [Verifier.Optional] have found out;
// nil and false for somebody anonymous.
func From(ctx context.Context) (Claims, bool) {
	claims, ok := ctx.Value(contextKey{}).(Claims)
	return claims, ok
}

// Require lets requests with a good token through, and answers others with 401.
func (v *Verifier) Require(next http.Handler) http.Handler { return v.handler(next, true) }

// Optional lets requests without a token through too, as somebody anonymous. One with a bad
// token is answered with 401: the gateway sends none.
func (v *Verifier) Optional(next http.Handler) http.Handler { return v.handler(next, false) }

func (v *Verifier) handler(next http.Handler, required bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lines := r.Header.Values(v.config.Header)
		if len(lines) == 0 && !required {
			next.ServeHTTP(w, r)
			return
		}
		if len(lines) != 1 {
			unauthorized(w, "login required")
			return
		}
		claims, err := v.Verify(r.Context(), lines[0])
		if err != nil {
			v.config.OnError(err)
			unauthorized(w, "login required")
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, claims)))
	})
}

func unauthorized(w http.ResponseWriter, why string) {
	text, _ := json.Marshal(map[string]string{"error": why}) // a map of texts
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = w.Write(append(text, '\n')) // a client that went away
}

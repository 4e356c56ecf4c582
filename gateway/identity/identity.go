// Package identity is room 2: it finds out who asks, and says so to backends.
//
// Inwards, a [Source] knows one kind of credential: a bearer token (package bearer), the
// monolith's session asked for by introspection (package introspection), or a session
// format read directly (package sessions). Outwards, an [Outward] carries the principal to
// a backend, by an internal token (package issuer), by headers or by both; a [Stripper]
// sees to it that no client does so itself. Nothing here decides who may: that is room 3.
package identity

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// A Principal is who asks, once authenticated. It is never changed after it was made,
// so it may be kept and shared. Anonymous is a nil *Principal.
type Principal struct {
	ID      string         // never empty; the claim "sub"
	Claims  map[string]any // as JSON has them: string, float64 or json.Number, bool, nil, []any, map[string]any
	Source  string         // the name of the source that vouches, such as "bearer"
	Expires time.Time      // when the credential does; zero: it does not say
}

// Text returns a claim that is a text, a number or a truth value as text, "" for any other
// and for none.
func (p *Principal) Text(claim string) string {
	switch v := p.Claims[claim].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case nil:
		if claim == "sub" {
			return p.ID
		}
	}
	return ""
}

// A Source finds the principal by one kind of credential. It is safe for concurrent use.
type Source interface {
	// Identify returns whom the request's credentials name, and nil where it has none
	// of this kind. An error that wraps [ErrRefused] means that there are some which must
	// not be trusted; any other, that they could not be looked at.
	Identify(ctx context.Context, r *http.Request) (*Principal, error)
}

// ErrRefused is why credentials are not to be trusted: forged, expired, malformed. What
// wraps it says why, in words that are safe to log: never the credential itself.
var ErrRefused = errors.New("refused")

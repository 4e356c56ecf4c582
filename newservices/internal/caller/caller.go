// Package caller is how a service learns who asks: from the gateway's internal token, and from nothing
// else.
//
// The services under newservices open it and give its Identify to package shopapi. It promises that a
// caller is one of the shop's users only where the token's subject is written exactly as the shop writes
// their id, and that a token which can't be verified is refused, never overlooked. It knows no database.
//
//	who, err := caller.Open(caller.Config{JWKSURL: "http://gateway:8080/.well-known/ficus/jwks.json", Audience: "orders", Required: true, Logger: log})
//	if err != nil { … }
//	defer who.Close()
//	api := shopapi.New(shopapi.Config{Identify: who.Identify, …}, sessions)
package caller

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"ficus/newservices/internal/shopapi"
	"ficus/newservices/internal/token"
)

// Header is the request header with the gateway's token.
const Header = "Ficus-Identity"

// Config says whose tokens count.
type Config struct {
	JWKSURL  string // of the gateway's key set; it need not answer yet. "": tokens are not looked at
	Audience string // the service's name
	Required bool   // Open fails without a JWKSURL
	Logger   *slog.Logger
	Now      func() time.Time // default: time.Now; called concurrently
}

// Callers verifies tokens. It is safe for concurrent use.
type Callers struct{ verifier *token.Verifier } // nil: nobody is known

// Open makes the verifier and tries to fetch the keys. Close ends what it started.
func Open(config Config) (*Callers, error) {
	if config.JWKSURL == "" {
		if config.Required {
			return nil, fmt.Errorf("no key set: -jwks-url must say where the gateway's is, since only its tokens tell the %s service who asks", config.Audience)
		}
		return &Callers{}, nil
	}
	u, err := url.Parse(config.JWKSURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("the gateway's key set %q: want http://HOST[:PORT]/PATH or https://HOST[:PORT]/PATH", config.JWKSURL)
	}
	verifier, err := token.New(token.Config{
		KeysURL: config.JWKSURL, Audience: config.Audience, Header: Header, Now: config.Now,
		OnError: func(err error) { config.Logger.Warn("fetching the gateway's keys", "error", err) },
	})
	if err != nil {
		return nil, err
	}
	return &Callers{verifier}, nil
}

// Identify is a [shopapi.Identify].
func (c *Callers) Identify(r *http.Request) (shopapi.Caller, bool, error) {
	if c.verifier == nil {
		return shopapi.Caller{}, false, nil
	}
	lines := r.Header.Values(Header)
	switch len(lines) {
	case 0:
		return shopapi.Caller{}, false, nil
	case 1:
		claims, err := c.verifier.Verify(r.Context(), lines[0])
		if err != nil {
			return shopapi.Caller{}, false, err
		}
		return of(claims), true, nil
	}
	return shopapi.Caller{}, false, errors.New("more than one token")
}

// Close ends the fetching of keys. It may be called more than once.
func (c *Callers) Close() {
	if c.verifier != nil {
		c.verifier.Close()
	}
}

// of is the caller whom claims name.
func of(claims token.Claims) shopapi.Caller {
	id, err := strconv.ParseInt(claims.Subject(), 10, 64)
	if err != nil || id < 1 || strconv.FormatInt(id, 10) != claims.Subject() {
		return shopapi.Caller{}
	}
	return shopapi.Caller{UserID: id, Admin: claims.Has("role", "admin") || claims.Has("roles", "admin")}
}

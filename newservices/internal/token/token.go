// Package token verifies the internal tokens by which the gateway tells the services who
// asks. A service trusts a token and nothing else about identity: neither headers nor
// where a request comes from.
//
//	verifier, err := token.New(token.Config{KeysURL: "http://gateway:2015/.well-known/jwks.json", Audience: "orders"})
//	defer verifier.Close()
//	http.Handle("/api/orders", verifier.Require(orders))
//
// The handlers behind [Verifier.Require] and [Verifier.Optional] find the claims by [From].
package token

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"
)

// Config says whose tokens count, and where they stand.
type Config struct {
	KeysURL  string        // the gateway's key set; needed
	Audience string        // this service; needed
	Issuer   string        // "ficus" by default
	Header   string        // of the token; "Ficus-Identity" by default
	Leeway   time.Duration // for clocks that differ; 30 s by default, below 0 none

	Transport http.RoundTripper // asks for the keys; http.DefaultTransport by default
	Refresh   time.Duration     // of the keys; 5 min by default
	Now       func() time.Time  // time.Now by default; called concurrently
	OnError   func(error)       // told of fetches that failed; called concurrently; may be nil
}

// A Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	config Config
	parser *jwt.Parser
	keys   keyfunc.Keyfunc
	cancel context.CancelFunc
}

// What a fetch of the keys may take, and how often an unknown key may cause one.
const (
	fetchTimeout  = 5 * time.Second
	unknownWait   = time.Second // the request waits for its fetch
	unknownEvery  = 10 * time.Second
	maxKeysBytes  = 1 << 20
	maxTokenBytes = 16 << 10
)

// New returns a verifier. The first fetch of the keys is tried before it returns, and the
// verifier works without: it then fetches them when the first token comes.
func New(config Config) (*Verifier, error) {
	if config.KeysURL == "" || config.Audience == "" {
		return nil, errors.New("token: a verifier needs the address of the keys and an audience")
	}
	config.Issuer = cmp.Or(config.Issuer, "ficus")
	config.Header = cmp.Or(config.Header, "Ficus-Identity")
	config.Leeway = max(cmp.Or(config.Leeway, 30*time.Second), 0)
	config.Refresh = cmp.Or(config.Refresh, 5*time.Minute)
	if config.Transport == nil {
		config.Transport = http.DefaultTransport
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.OnError == nil {
		config.OnError = func(error) {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	keys, err := keyfunc.NewDefaultOverrideCtx(ctx, []string{config.KeysURL}, keyfunc.Override{
		Client:            &http.Client{Transport: bounded{config.Transport}},
		HTTPTimeout:       fetchTimeout,
		RateLimitWaitMax:  unknownWait,
		RefreshInterval:   config.Refresh,
		RefreshUnknownKID: rate.NewLimiter(rate.Every(unknownEvery), 1),
		RefreshErrorHandlerFunc: func(string) func(context.Context, error) {
			return func(_ context.Context, err error) { config.OnError(err) }
		},
	})
	if err != nil {
		cancel()
		return nil, fmt.Errorf("token: %w", err)
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithIssuer(config.Issuer),
		jwt.WithAudience(config.Audience), jwt.WithExpirationRequired(), jwt.WithLeeway(config.Leeway),
		jwt.WithTimeFunc(config.Now), jwt.WithStrictDecoding())
	return &Verifier{config: config, parser: parser, keys: keys, cancel: cancel}, nil
}

// Close ends the refreshing of the keys.
func (v *Verifier) Close() { v.cancel() }

// Claims are what the gateway says about who asks.
type Claims map[string]any

// Subject is who asks: never empty.
func (c Claims) Subject() string { return c.Text("sub") }

// Text returns a claim that is a text, else "".
func (c Claims) Text(name string) string {
	text, _ := c[name].(string)
	return text
}

// Has tells whether a claim is a text or is a list with it.
func (c Claims) Has(name, text string) bool {
	switch v := c[name].(type) {
	case string:
		return v == text
	case []any:
		for _, item := range v {
			if item == text {
				return true
			}
		}
	}
	return false
}

// Verify returns the claims of a token. The errors do not quote it.
func (v *Verifier) Verify(ctx context.Context, token string) (Claims, error) {
	if len(token) > maxTokenBytes {
		return nil, errors.New("the token is too long")
	}
	claims := jwt.MapClaims{}
	parsed, err := v.parser.ParseWithClaims(token, claims, func(t *jwt.Token) (any, error) {
		// Without an id the library tries all keys.
		if kid, _ := t.Header["kid"].(string); kid == "" {
			return nil, errors.New("it names no key")
		}
		return v.keys.KeyfuncCtx(ctx)(t)
	})
	if err != nil {
		return nil, err
	}
	// The library does not look at these (RFC 7515, 4.1.11).
	if _, ok := parsed.Header["crit"]; ok {
		return nil, errors.New("the token has critical extensions")
	}
	if typ, ok := parsed.Header["typ"]; ok && typ != "JWT" {
		return nil, errors.New("the token is of another type")
	}
	if c := Claims(claims); c.Subject() != "" {
		return c, nil
	}
	return nil, errors.New("the token names no subject")
}

// bounded bounds what a fetch reads.
type bounded struct{ transport http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(answer.Body, maxKeysBytes), answer.Body}
	return answer, nil
}

package paritytest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Gateway stands in for the gateway: it has a key, publishes it, and says in tokens who asks.
type Gateway struct {
	JWKSURL string
	clock   *Clock
	key     ed25519.PrivateKey
}

const keyID = "test-key"

// NewGateway publishes a new key until the test ends.
func NewGateway(t testing.TB, clock *Clock) *Gateway {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := encode(t, map[string]any{"keys": []any{map[string]any{
		"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": keyID, "x": base64.RawURLEncoding.EncodeToString(public),
	}}})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(keys) }))
	t.Cleanup(server.Close)
	return &Gateway{JWKSURL: server.URL, clock: clock, key: private}
}

// Token makes a token for an audience. Claims add to the usual ones, or take their place; nil takes one away.
func (g *Gateway) Token(t testing.TB, audience, subject string, claims map[string]any) string {
	t.Helper()
	now := g.clock.Now()
	all := map[string]any{"iss": "ficus", "aud": audience, "sub": subject, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
	for name, value := range claims {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	b64 := base64.RawURLEncoding.EncodeToString
	text := b64(encode(t, map[string]any{"alg": "EdDSA", "typ": "JWT", "kid": keyID})) + "." + b64(encode(t, all))
	return text + "." + b64(ed25519.Sign(g.key, []byte(text)))
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Refusals are values of the header Ficus-Identity, each refused by the service of the audience.
func (g *Gateway) Refusals(t testing.TB, audience string) map[string]string {
	t.Helper()
	good := g.Token(t, audience, "1", map[string]any{"role": "customer"})
	now := g.clock.Now()
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + good[strings.Index(good, "."):strings.LastIndex(good, ".")+1]
	return map[string]string{
		"no token":           "1",
		"nothing":            "",
		"forged":             NewGateway(t, g.clock).Token(t, audience, "1", nil),
		"cut":                good[:len(good)-8],
		"not signed":         none,
		"expired":            g.Token(t, audience, "1", map[string]any{"exp": now.Add(-time.Minute).Unix()}),
		"without an end":     g.Token(t, audience, "1", map[string]any{"exp": nil}),
		"for another":        g.Token(t, "another", "1", nil),
		"of another issuer":  g.Token(t, audience, "1", map[string]any{"iss": "elsewhere"}),
		"not yet":            g.Token(t, audience, "1", map[string]any{"nbf": now.Add(time.Hour).Unix()}),
		"of nobody":          g.Token(t, audience, "", nil),
		"number for subject": g.Token(t, audience, "1", map[string]any{"sub": 1}),
	}
}

package bearer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testKeys are the private keys of the issuer in tests, by kid.
var testKeys = sync.OnceValue(func() map[string]crypto.Signer {
	keys := map[string]crypto.Signer{}
	keys["rsa"] = must(rsa.GenerateKey(rand.Reader, 2048))
	keys["rsa2"] = must(rsa.GenerateKey(rand.Reader, 2048))
	keys["ec"] = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	keys["ed"] = must(ed, err)
	return keys
})

var kidOf = map[string]string{"RS256": "rsa", "PS256": "rsa", "ES256": "ec", "EdDSA": "ed"}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var testNow = time.Unix(1_800_000_000, 0)

// jwk returns the public key of a kid as JSON, with some members set or, by nil, deleted.
func jwk(kid string, with map[string]any) map[string]any {
	key := must(jwkset.NewJWKFromKey(testKeys()[kid].Public(), jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: kid}}))
	var m map[string]any
	if err := json.Unmarshal(must(json.Marshal(key.Marshal())), &m); err != nil {
		panic(err)
	}
	for name, v := range with {
		if m[name] = v; v == nil {
			delete(m, name)
		}
	}
	return m
}

func keySetText(keys ...map[string]any) []byte {
	return must(json.Marshal(map[string]any{"keys": keys}))
}

func allKeys() []byte {
	return keySetText(jwk("rsa", nil), jwk("rsa2", nil), jwk("ec", nil), jwk("ed", nil))
}

func publicPEM(kids ...string) []byte {
	var text []byte
	for _, kid := range kids {
		der := must(x509.MarshalPKIXPublicKey(testKeys()[kid].Public()))
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})...)
	}
	return text
}

func goodClaims() map[string]any {
	return map[string]any{"iss": "https://id.test", "aud": "shop", "sub": "u1", "exp": testNow.Unix() + 300, "role": "admin"}
}

// with returns a copy with members set or, by nil, deleted.
func with(m map[string]any, set map[string]any) map[string]any {
	m = maps.Clone(m)
	for name, v := range set {
		if m[name] = v; v == nil {
			delete(m, name)
		}
	}
	return m
}

func header(alg string) map[string]any {
	return map[string]any{"alg": alg, "kid": kidOf[alg], "typ": "JWT"}
}

func text(v any) string { return string(must(json.Marshal(v))) }

// signText signs any texts as header and claims.
func signText(header, claims, alg string, key any) string {
	signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	return signed + "." + base64.RawURLEncoding.EncodeToString(must(jwt.GetSigningMethod(alg).Sign(signed, key)))
}

func sign(alg string, claims map[string]any) string {
	return signText(text(header(alg)), text(claims), alg, testKeys()[kidOf[alg]])
}

func open(t testing.TB, config Config) *Source {
	t.Helper()
	config.Issuer, config.Audiences = "https://id.test", []string{"shop", "shop-api"}
	if config.Now == nil {
		config.Now = func() time.Time { return testNow }
	}
	s, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func keysFile(t testing.TB, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func request(lines ...string) *http.Request {
	r := must(http.NewRequest(http.MethodGet, "http://shop.test/", nil))
	for _, line := range lines {
		r.Header.Add("Authorization", line)
	}
	return r
}

// An issuer answers for a key set's URL, and counts.
type issuer struct {
	mu     sync.Mutex
	answer func(*http.Request) (*http.Response, error)
	asked  int
}

func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	i.mu.Lock()
	i.asked++
	answer := i.answer
	i.mu.Unlock()
	return answer(r)
}

func (i *issuer) set(answer func(*http.Request) (*http.Response, error)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = answer
}

func (i *issuer) count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked
}

func answers(status int, body string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

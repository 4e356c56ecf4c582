package token

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func golden(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// A gateway answers with a key set, and counts.
type gateway struct {
	keys  atomic.Pointer[string]
	asked atomic.Int32
}

func (g *gateway) RoundTrip(r *http.Request) (*http.Response, error) {
	g.asked.Add(1)
	text := g.keys.Load()
	if text == nil {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(*text)), Request: r}, nil
}

func verifier(t testing.TB, g *gateway, now func() time.Time) *Verifier {
	t.Helper()
	v, err := New(Config{KeysURL: "http://gateway.test/jwks", Audience: "orders", Transport: g, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

var goldenNow = time.Unix(1_800_000_010, 0)

// What the gateway makes; see TestWhatServicesRelyOn there.
func TestGatewaysToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := golden(t, "jwks.json")
		g := &gateway{}
		g.keys.Store(&keys)
		v := verifier(t, g, func() time.Time { return goldenNow })
		defer v.Close()
		claims, err := v.Verify(t.Context(), golden(t, "token.txt"))
		want := Claims{"iss": "ficus", "aud": "orders", "sub": "ada", "roles": []any{"admin", "buyer"}, "auth_time": 1799999000.0, "iat": 1800000000.0, "exp": 1800000060.0}
		if diff := cmp.Diff(want, claims); diff != "" || err != nil {
			t.Errorf("%v (-want +got)\n%s", err, diff)
		}
		if claims.Subject() != "ada" || !claims.Has("roles", "buyer") || claims.Has("roles", "b") || !claims.Has("sub", "ada") || claims.Text("roles") != "" {
			t.Errorf("%v", claims)
		}
	})
}

type keyPair struct {
	kid     string
	private ed25519.PrivateKey
	set     string
}

func newKeyPair(t testing.TB, kid string) keyPair {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := jwkset.NewJWKFromKey(public, jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{ALG: jwkset.AlgEdDSA, KID: kid, USE: jwkset.UseSig}})
	if err != nil {
		t.Fatal(err)
	}
	set, err := json.Marshal(jwkset.JWKSMarshal{Keys: []jwkset.JWKMarshal{key.Marshal()}})
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{kid, private, string(set)}
}

func (k keyPair) sign(t testing.TB, header, claims map[string]any) string {
	t.Helper()
	all := jwt.MapClaims{"iss": "ficus", "aud": "orders", "sub": "ada", "exp": goldenNow.Unix() + 60}
	for name, v := range claims {
		if all[name] = v; v == nil {
			delete(all, name)
		}
	}
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, all)
	token.Header["kid"] = k.kid
	for name, v := range header {
		if token.Header[name] = v; v == nil {
			delete(token.Header, name)
		}
	}
	text, err := token.SignedString(k.private)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAttacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, evil := newKeyPair(t, "k"), newKeyPair(t, "k")
		g := &gateway{}
		g.keys.Store(&k.set)
		v := verifier(t, g, func() time.Time { return goldenNow })
		defer v.Close()
		good := k.sign(t, nil, nil)
		if _, err := v.Verify(t.Context(), good); err != nil {
			t.Fatal(err)
		}
		hmac, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": "ficus", "aud": "orders", "sub": "ada", "exp": goldenNow.Unix() + 60}).
			SignedString([]byte(k.private.Public().(ed25519.PublicKey)))
		if err != nil {
			t.Fatal(err)
		}
		none, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"sub": "ada"}).SignedString(jwt.UnsafeAllowNoneSignatureType)
		if err != nil {
			t.Fatal(err)
		}
		for name, token := range map[string]string{
			"another's key":      evil.sign(t, nil, nil),
			"HS256":              hmac,
			"none":               none,
			"expired":            k.sign(t, nil, map[string]any{"exp": goldenNow.Unix() - 30}),
			"no exp":             k.sign(t, nil, map[string]any{"exp": nil}),
			"not yet":            k.sign(t, nil, map[string]any{"nbf": goldenNow.Unix() + 31}),
			"another service":    k.sign(t, nil, map[string]any{"aud": "cart"}),
			"no audience":        k.sign(t, nil, map[string]any{"aud": nil}),
			"another issuer":     k.sign(t, nil, map[string]any{"iss": "ficus2"}),
			"no issuer":          k.sign(t, nil, map[string]any{"iss": nil}),
			"no subject":         k.sign(t, nil, map[string]any{"sub": nil}),
			"empty subject":      k.sign(t, nil, map[string]any{"sub": ""}),
			"numeric subject":    k.sign(t, nil, map[string]any{"sub": 1}),
			"crit":               k.sign(t, map[string]any{"crit": []string{"x"}}, nil),
			"another type":       k.sign(t, map[string]any{"typ": "at+jwt"}, nil),
			"no kid":             k.sign(t, map[string]any{"kid": nil}, nil),
			"unknown kid":        k.sign(t, map[string]any{"kid": "other"}, nil),
			"huge":               k.sign(t, nil, map[string]any{"x": strings.Repeat("a", maxTokenBytes)}),
			"five segments":      good + ".a.a",
			"cut":                good[:len(good)-4],
			"bearer":             "Bearer " + good,
			"empty":              "",
			"another spelling":   good[:len(good)-1] + string(good[len(good)-1]+1),
			"a key in the token": evil.sign(t, map[string]any{"jwk": json.RawMessage(evil.set)}, nil),
		} {
			if claims, err := v.Verify(t.Context(), token); err == nil || claims != nil {
				t.Errorf("%s: %v", name, claims)
			}
		}
	})
}

func TestMiddleware(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKeyPair(t, "k")
		g := &gateway{}
		g.keys.Store(&k.set)
		v := verifier(t, g, func() time.Time { return goldenNow })
		defer v.Close()
		tell := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			claims, ok := From(r.Context())
			if ok != (claims != nil) {
				t.Errorf("%v, %v", claims, ok)
			}
			_, _ = io.WriteString(w, "it is "+claims.Subject())
		})
		good := k.sign(t, nil, nil)
		for _, tc := range []struct {
			name               string
			lines              []string
			required, optional int
		}{
			{"good", []string{good}, 200, 200},
			{"nobody", nil, 401, 200},
			{"bad", []string{good + "x"}, 401, 401},
			{"empty", []string{""}, 401, 401},
			{"two", []string{good, good}, 401, 401},
		} {
			for _, h := range []struct {
				http.Handler
				status int
			}{{v.Require(tell), tc.required}, {v.Optional(tell), tc.optional}} {
				r := httptest.NewRequest("GET", "/", nil)
				r.Header["Ficus-Identity"] = tc.lines
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if w.Code != h.status || (w.Body.String() == "it is ada") != (w.Code == 200 && tc.lines != nil) {
					t.Errorf("%s: %d %s, want %d", tc.name, w.Code, w.Body, h.status)
				}
			}
		}
	})
}

// A new key is taken at its first token; unknown ones cause few fetches; a gateway that
// is away costs nothing but its new keys.
func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := newKeyPair(t, "one"), newKeyPair(t, "two")
		g := &gateway{}
		v := verifier(t, g, func() time.Time { return goldenNow }) // starts before its gateway
		defer v.Close()
		g.keys.Store(&one.set)
		if _, err := v.Verify(t.Context(), one.sign(t, nil, nil)); err != nil {
			t.Errorf("the first token: %v", err)
		}
		before := g.asked.Load()
		for range 100 {
			if _, err := v.Verify(t.Context(), two.sign(t, nil, nil)); err == nil {
				t.Fatal("an unknown key is taken")
			}
		}
		if n := g.asked.Load() - before; n > 1 {
			t.Errorf("%d fetches", n)
		}
		time.Sleep(10 * time.Second)
		g.keys.Store(nil)
		time.Sleep(time.Hour)
		if _, err := v.Verify(t.Context(), one.sign(t, nil, nil)); err != nil {
			t.Errorf("without the gateway: %v", err)
		}
		g.keys.Store(&two.set)
		if _, err := v.Verify(t.Context(), two.sign(t, nil, nil)); err != nil {
			t.Errorf("a new key: %v", err)
		}
		if _, err := v.Verify(t.Context(), one.sign(t, nil, nil)); err == nil {
			t.Error("a withdrawn key is taken")
		}
	})
}

func TestHugeKeySet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gateway{}
		huge := string(bytes.Repeat([]byte(" "), 2*maxKeysBytes)) + "{}"
		g.keys.Store(&huge)
		var told atomic.Int32
		v, err := New(Config{KeysURL: "http://gateway.test/jwks", Audience: "orders", Transport: g, OnError: func(error) { told.Add(1) }})
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		if told.Load() != 1 {
			t.Errorf("told %d times", told.Load())
		}
	})
}

func TestConfig(t *testing.T) {
	for _, c := range []Config{{Audience: "a"}, {KeysURL: "http://a.test/"}, {KeysURL: "::", Audience: "a"}} {
		if v, err := New(c); err == nil {
			t.Errorf("%+v: no error", c)
			v.Close()
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	k := newKeyPair(b, "k")
	g := &gateway{}
	g.keys.Store(&k.set)
	v := verifier(b, g, func() time.Time { return goldenNow })
	defer v.Close()
	token := k.sign(b, nil, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}

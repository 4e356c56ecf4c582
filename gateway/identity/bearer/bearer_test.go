package bearer

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/identity"
)

func TestGoodTokens(t *testing.T) {
	s := open(t, Config{KeysFile: keysFile(t, allKeys())})
	for _, alg := range Algorithms() {
		p, err := s.Identify(t.Context(), request("Bearer "+sign(alg, goodClaims())))
		if err != nil {
			t.Errorf("%s: %v", alg, err)
			continue
		}
		want := &identity.Principal{ID: "u1", Source: "bearer", Expires: testNow.Add(300 * time.Second), Claims: map[string]any{
			"iss": "https://id.test", "aud": "shop", "sub": "u1", "role": "admin", "exp": json.Number("1800000300")}}
		if diff := cmp.Diff(want, p); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", alg, diff)
		}
	}
}

// What is odd, and still one reading only.
func TestGoodVariants(t *testing.T) {
	s := open(t, Config{KeysFile: keysFile(t, allKeys())})
	ed := testKeys()["ed"]
	for name, token := range map[string]string{
		"several audiences":    sign("EdDSA", with(goodClaims(), map[string]any{"aud": []any{"other", "shop-api"}})),
		"within the leeway":    sign("EdDSA", with(goodClaims(), map[string]any{"exp": testNow.Unix() - 29})),
		"nbf in the leeway":    sign("EdDSA", with(goodClaims(), map[string]any{"nbf": testNow.Unix() + 29})),
		"access token":         signText(text(with(header("EdDSA"), map[string]any{"typ": "at+jwt"})), text(goodClaims()), "EdDSA", ed),
		"access token in full": signText(text(with(header("EdDSA"), map[string]any{"typ": "application/AT+JWT"})), text(goodClaims()), "EdDSA", ed),
		"no type":              signText(text(with(header("EdDSA"), map[string]any{"typ": nil})), text(goodClaims()), "EdDSA", ed),
		"no kid, no choice":    signText(text(with(header("EdDSA"), map[string]any{"kid": nil})), text(goodClaims()), "EdDSA", ed),
		"fraction of a second": sign("EdDSA", with(goodClaims(), map[string]any{"exp": 1800000300.5})),
		"EXP beside exp":       sign("EdDSA", with(goodClaims(), map[string]any{"EXP": 1, "Sub": "other"})),
	} {
		p, err := s.Identify(t.Context(), request("bearer  "+token+" "))
		if err != nil || p.ID != "u1" {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
}

func TestNoToken(t *testing.T) {
	s := open(t, Config{KeysFile: keysFile(t, allKeys())})
	for _, lines := range [][]string{nil, {"Basic dTpw"}, {"Basic dTpw", "Digest x"}, {"Bearerx y"}, {""}} {
		if p, err := s.Identify(t.Context(), request(lines...)); p != nil || err != nil {
			t.Errorf("%q: %v, %v", lines, p, err)
		}
	}
}

func TestSecret(t *testing.T) {
	secret := []byte("0123456789abcdef0123456789abcdef")
	s := open(t, Config{Secret: secret})
	good := signText(`{"alg":"HS256"}`, text(goodClaims()), "HS256", secret)
	if p, err := s.Identify(t.Context(), request("Bearer "+good)); err != nil || p.ID != "u1" {
		t.Errorf("%v, %v", p, err)
	}
	for _, alg := range append(Algorithms(), "HS384", "HS512") {
		var token string
		if kidOf[alg] != "" {
			token = sign(alg, goodClaims())
		} else {
			token = signText(text(map[string]any{"alg": alg}), text(goodClaims()), alg, secret)
		}
		if p, err := s.Identify(t.Context(), request("Bearer "+token)); p != nil || !errors.Is(err, identity.ErrRefused) {
			t.Errorf("%s: %v, %v", alg, p, err)
		}
	}
	if p, err := s.Identify(t.Context(), request("Bearer "+signText(`{"alg":"HS256"}`, text(goodClaims()), "HS256", []byte("another secret of thirty-two bytes")))); p != nil || !errors.Is(err, identity.ErrRefused) {
		t.Errorf("another secret: %v, %v", p, err)
	}
}

func TestCache(t *testing.T) {
	now := testNow
	s := open(t, Config{KeysFile: keysFile(t, allKeys()), Now: func() time.Time { return now }})
	token := sign("EdDSA", with(goodClaims(), map[string]any{"exp": testNow.Unix() + 90}))
	verify := func() *identity.Principal {
		t.Helper()
		p, err := s.Verify(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first := verify()
	if now = testNow.Add(59 * time.Second); verify() != first {
		t.Error("it is verified again within a minute")
	}
	now = testNow.Add(60 * time.Second)
	second := verify()
	if second == first {
		t.Error("it is not verified again after a minute")
	}
	if now = testNow.Add(89 * time.Second); verify() != second {
		t.Error("it is verified again within half a minute")
	}
	// From its end on, the leeway is all that it has; that is looked at each time.
	now = testNow.Add(90 * time.Second)
	if third := verify(); third == second || verify() == third {
		t.Error("an expired token is remembered")
	}
	now = testNow.Add(120 * time.Second)
	if p, err := s.Verify(t.Context(), token); p != nil || !errors.Is(err, identity.ErrRefused) {
		t.Errorf("%v, %v", p, err)
	}
}

func TestCacheIsBounded(t *testing.T) {
	s := open(t, Config{KeysFile: keysFile(t, allKeys()), CacheSize: 10})
	for i := range 200 {
		if _, err := s.Verify(t.Context(), sign("EdDSA", with(goodClaims(), map[string]any{"n": i}))); err != nil {
			t.Fatal(err)
		}
	}
	s.cache.CleanUp()
	if n := s.cache.EstimatedSize(); n > 10 {
		t.Errorf("%d tokens are kept", n)
	}
}

func TestConfig(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no issuer":             func(c *Config) { c.Issuer = "" },
		"no audience":           func(c *Config) { c.Audiences = nil },
		"empty audience":        func(c *Config) { c.Audiences = []string{""} },
		"no keys":               func(c *Config) { c.KeysFile = "" },
		"two places":            func(c *Config) { c.Secret = make([]byte, 32) },
		"short secret":          func(c *Config) { c.KeysFile, c.Secret = "", make([]byte, 31) },
		"no transport":          func(c *Config) { c.KeysFile, c.KeysURL = "", "https://id.test/keys" },
		"no URL":                func(c *Config) { c.KeysFile, c.KeysURL, c.Transport = "", "id.test/keys", &issuer{} },
		"HS256 with public":     func(c *Config) { c.Algorithms = []string{"RS256", "HS256"} },
		"none":                  func(c *Config) { c.Algorithms = []string{"none"} },
		"RS256 with the secret": func(c *Config) { c.KeysFile, c.Secret, c.Algorithms = "", make([]byte, 32), []string{"RS256"} },
		"no file":               func(c *Config) { c.KeysFile += "2" },
		"private key": func(c *Config) {
			c.KeysFile = keysFile(t, []byte("-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"))
		},
		"garbage": func(c *Config) { c.KeysFile = keysFile(t, []byte("garbage")) },
	} {
		config := Config{Issuer: "i", Audiences: []string{"a"}, KeysFile: keysFile(t, allKeys())}
		change(&config)
		if s, err := New(config); err == nil {
			t.Errorf("%s: no error", name)
			s.Close()
		}
	}
}

func TestTroubleIsNotRefusal(t *testing.T) {
	s := open(t, Config{KeysURL: "https://id.test/keys", Transport: &issuer{answer: answers(500, "")}, KeyWait: time.Millisecond, Timeout: 10 * time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if p, err := s.Verify(ctx, sign("EdDSA", goodClaims())); p != nil || err == nil || errors.Is(err, identity.ErrRefused) {
		t.Errorf("%v, %v", p, err)
	}
	if s.Ready() == nil {
		t.Error("it is ready without keys")
	}
}

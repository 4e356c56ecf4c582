package bearer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ficus/gateway/identity"
)

// bubble runs a test in which time passes only when all wait, with a source that fetches
// its keys from an issuer.
func bubble(t *testing.T, test func(t *testing.T, s *Source, i *issuer), change ...func(*Config)) {
	testKeys() // made outside, since this takes time that is real
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{answer: answers(200, string(keySetText(jwk("ed", nil))))}
		config := Config{KeysURL: "https://id.test/keys", Transport: i, Now: time.Now, Issuer: "https://id.test", Audiences: []string{"shop"}}
		for _, c := range change {
			c(&config)
		}
		s, err := New(config)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		synctest.Wait()
		test(t, s, i)
	})
}

// verdict verifies a token with a key that is good for an hour.
func verdict(s *Source, kid, alg string) error {
	claims := with(goodClaims(), map[string]any{"exp": time.Now().Unix() + 3600})
	_, err := s.Verify(context.Background(), signText(text(map[string]any{"alg": alg, "kid": kid}), text(claims), alg, testKeys()[kid]))
	return err
}

func TestRotation(t *testing.T) {
	bubble(t, func(t *testing.T, s *Source, i *issuer) {
		if err := verdict(s, "ed", "EdDSA"); err != nil {
			t.Fatal(err)
		}
		// A new key is found at once, by its kid; the old one goes with the same answer.
		i.set(answers(200, string(keySetText(jwk("ec", nil)))))
		if err := verdict(s, "ec", "ES256"); err != nil {
			t.Errorf("a new key: %v", err)
		}
		if err := verdict(s, "ed", "EdDSA"); !errors.Is(err, identity.ErrRefused) {
			t.Errorf("an old key: %v", err)
		}
	})
}

// A key that is withdrawn ends within the promised time, and so do remembered tokens.
func TestWithdrawnKey(t *testing.T) {
	bubble(t, func(t *testing.T, s *Source, i *issuer) {
		claims := with(goodClaims(), map[string]any{"exp": time.Now().Unix() + 3600})
		token := sign("EdDSA", claims)
		time.Sleep(10*time.Minute - 2*time.Second)
		if _, err := s.Verify(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		i.set(answers(200, string(keySetText(jwk("ec", nil)))))
		time.Sleep(time.Second)
		if _, err := s.Verify(t.Context(), token); err != nil {
			t.Errorf("before the refresh: %v", err)
		}
		time.Sleep(2 * time.Second) // of 60 for which the token is remembered
		if _, err := s.Verify(t.Context(), token); !errors.Is(err, identity.ErrRefused) {
			t.Errorf("after the refresh: %v", err)
		}
	})
}

func TestSameKeysKeepTokens(t *testing.T) {
	bubble(t, func(t *testing.T, s *Source, _ *issuer) {
		token := sign("EdDSA", with(goodClaims(), map[string]any{"exp": time.Now().Unix() + 3600}))
		time.Sleep(10*time.Minute - time.Second)
		before, err := s.Verify(t.Context(), token)
		time.Sleep(2 * time.Second)
		after, err2 := s.Verify(t.Context(), token)
		if err != nil || err2 != nil || before != after {
			t.Errorf("%v, %v: verified again though no key changed", err, err2)
		}
	})
}

// endless is a body that never ends, by and by or at once.
type endless struct {
	ctx context.Context
	by  time.Duration
}

func (e endless) Read(p []byte) (int, error) {
	if e.by > 0 {
		select {
		case <-e.ctx.Done():
			return 0, e.ctx.Err()
		case <-time.After(e.by):
		}
		p = p[:1]
	}
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func (e endless) Close() error { return nil }

func TestLastGoodKeys(t *testing.T) {
	body := func(b func(*http.Request) io.ReadCloser) func(*http.Request) (*http.Response, error) {
		return func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: b(r), Request: r}, nil
		}
	}
	for name, answer := range map[string]func(*http.Request) (*http.Response, error){
		"no connection":   func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") },
		"never":           func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() },
		"500":             answers(500, string(keySetText(jwk("ec", nil)))),
		"404":             answers(404, string(keySetText(jwk("ec", nil)))),
		"204":             answers(204, ""),
		"empty":           answers(200, ""),
		"garbage":         answers(200, "<html>maintenance</html>"),
		"cut":             answers(200, string(keySetText(jwk("ec", nil))[:60])),
		"null":            answers(200, "null"),
		"no keys":         answers(200, `{"keys":[]}`),
		"other object":    answers(200, `{"error":"x"}`),
		"symmetric only":  answers(200, `{"keys":[{"kty":"oct","kid":"ed","k":"AAAA","alg":"HS256"}]}`),
		"for encryption":  answers(200, string(keySetText(jwk("ec", map[string]any{"use": "enc"})))),
		"ambiguous":       answers(200, string(keySetText(jwk("rsa", nil), jwk("rsa2", map[string]any{"kid": "rsa"})))),
		"slow":            body(func(r *http.Request) io.ReadCloser { return endless{r.Context(), time.Second} }),
		"huge":            body(func(r *http.Request) io.ReadCloser { return endless{ctx: r.Context()} }),
		"too many":        answers(200, string(keySetText(manyKeys(maxKeys+1)...))),
		"private PEM":     answers(200, "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"),
		"redirect":        redirect("https://evil.test/keys"),
		"Retry-After":     retryAfter(503, "86400"),
		"Retry-After 429": retryAfter(429, "86400"),
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var last error
			bubble(t, func(t *testing.T, s *Source, i *issuer) {
				i.set(answer)
				time.Sleep(11 * time.Minute)
				synctest.Wait()
				mu.Lock()
				if last == nil {
					t.Error("nobody was told")
				}
				mu.Unlock()
				if err := verdict(s, "ed", "EdDSA"); err != nil {
					t.Errorf("the last good key: %v", err)
				}
				if err := verdict(s, "ec", "ES256"); err == nil {
					t.Error("a key of a bad answer counts")
				}
				// It is looked at again soon, not after another ten minutes.
				i.set(answers(200, string(keySetText(jwk("ec", nil)))))
				time.Sleep(75 * time.Second)
				if err := verdict(s, "ec", "ES256"); err != nil {
					t.Errorf("after the trouble: %v", err)
				}
			}, func(c *Config) {
				c.OnKeys = func(err error) { mu.Lock(); defer mu.Unlock(); last = errors.Join(last, err) }
				c.KeyEvery = time.Hour
			})
		})
	}
}

func manyKeys(n int) []map[string]any {
	var keys []map[string]any
	for i := range n {
		keys = append(keys, jwk("ec", map[string]any{"kid": fmt.Sprint("ec", i)}))
	}
	return keys
}

func redirect(to string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		if r.URL.Host != "id.test" {
			return answers(200, string(keySetText(jwk("ec", nil))))(r)
		}
		answer, err := answers(302, "")(r)
		answer.Header.Set("Location", to)
		return answer, err
	}
}

func retryAfter(status int, seconds string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		answer, err := answers(status, "")(r)
		answer.Header.Set("Retry-After", seconds)
		return answer, err
	}
}

// However many unknown kids come, the issuer is asked once in KeyEvery, and those that
// come later do not wait.
func TestUnknownKids(t *testing.T) {
	bubble(t, func(t *testing.T, s *Source, i *issuer) {
		before := i.count()
		for range 100 {
			start := time.Now()
			if err := verdict(s, "ec", "ES256"); !errors.Is(err, identity.ErrRefused) {
				t.Fatal(err)
			}
			if took := time.Since(start); took > 50*time.Millisecond {
				t.Fatalf("a request waited %s", took)
			}
		}
		if n := i.count() - before; n != 1 {
			t.Errorf("asked %d times", n)
		}
		for range 10 {
			time.Sleep(30 * time.Second)
			_ = verdict(s, "ec", "ES256")
		}
		if n := i.count() - before; n != 11 {
			t.Errorf("asked %d times in all", n)
		}
	})
}

// Where the issuer hangs, a request with an unknown kid waits 50 ms, and no more.
func TestUnknownKidAtSlowIssuer(t *testing.T) {
	bubble(t, func(t *testing.T, s *Source, i *issuer) {
		i.set(func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() })
		start := time.Now()
		if err := verdict(s, "ec", "ES256"); !errors.Is(err, identity.ErrRefused) || time.Since(start) != 50*time.Millisecond {
			t.Errorf("%v after %s", err, time.Since(start))
		}
		start = time.Now()
		if err := verdict(s, "ed", "EdDSA"); err != nil || time.Since(start) != 0 {
			t.Errorf("a known key: %v after %s", err, time.Since(start))
		}
	})
}

// A gateway that starts before its issuer.
func TestLateIssuer(t *testing.T) {
	bubble(t, func(t *testing.T, s *Source, i *issuer) {
		if err := verdict(s, "ed", "EdDSA"); err == nil || errors.Is(err, identity.ErrRefused) {
			t.Errorf("without keys: %v", err)
		}
		i.set(answers(200, string(keySetText(jwk("ed", nil)))))
		time.Sleep(10 * time.Second)
		if err := errors.Join(verdict(s, "ed", "EdDSA"), s.Ready()); err != nil {
			t.Error(err)
		}
	}, func(c *Config) { c.Transport.(*issuer).answer = answers(503, "") })
}

func TestCloseEndsAFetch(t *testing.T) {
	bubble(t, func(t *testing.T, s *Source, i *issuer) {
		i.set(func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() })
		_ = verdict(s, "ec", "ES256")
		start := time.Now()
		s.Close()
		if took := time.Since(start); took != 0 {
			t.Errorf("closing took %s", took)
		}
		if err := verdict(s, "ed", "EdDSA"); err != nil {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestFileRotates(t *testing.T) {
	testKeys()
	path := keysFile(t, publicPEM("ed", "ec"))
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Config{KeysFile: path, Issuer: "https://id.test", Audiences: []string{"shop"}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := errors.Join(verdict(s, "ed", "EdDSA"), verdict(s, "ec", "ES256")); err != nil {
			t.Fatal(err)
		}
		write := func(text []byte) {
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			time.Sleep(11 * time.Minute)
			synctest.Wait()
		}
		if write([]byte("garbage")); verdict(s, "ed", "EdDSA") != nil {
			t.Error("garbage has replaced a good key")
		}
		if write(keySetText(jwk("rsa", nil))); verdict(s, "ed", "EdDSA") == nil || verdict(s, "rsa", "RS256") != nil {
			t.Error("a new file does not count")
		}
	})
}

// TestKeySets is what keys of a set may be used for.
func TestKeySets(t *testing.T) {
	small := map[string]any{"kty": "RSA", "kid": "rsa", "e": "AQAB", "n": strings.Repeat("_", 170)}
	for _, tc := range []struct {
		name     string
		text     []byte
		kid, alg string
		ok       bool
	}{
		{"RSA, RS256", keySetText(jwk("rsa", nil)), "rsa", "RS256", true},
		{"RSA, PS256", keySetText(jwk("rsa", nil)), "rsa", "PS256", true},
		{"RSA for PS256 only", keySetText(jwk("rsa", map[string]any{"alg": "PS256"}), jwk("ed", nil)), "rsa", "RS256", false},
		{"RSA for encryption", keySetText(jwk("rsa", map[string]any{"alg": "RSA-OAEP"}), jwk("ed", nil)), "rsa", "RS256", false},
		{"use sig", keySetText(jwk("rsa", map[string]any{"use": "sig"})), "rsa", "RS256", true},
		{"use enc", keySetText(jwk("rsa", map[string]any{"use": "enc"}), jwk("ed", nil)), "rsa", "RS256", false},
		{"key_ops verify", keySetText(jwk("rsa", map[string]any{"key_ops": []any{"verify"}})), "rsa", "RS256", true},
		{"key_ops encrypt", keySetText(jwk("rsa", map[string]any{"key_ops": []any{"encrypt"}}), jwk("ed", nil)), "rsa", "RS256", false},
		{"one kid, two types", keySetText(jwk("rsa", nil), jwk("ec", map[string]any{"kid": "rsa"})), "rsa", "ES256", true},
		{"symmetric beside", keySetText(map[string]any{"kty": "oct", "kid": "k", "k": "AAAA"}, jwk("ed", nil)), "k", "HS256", false},
		{"private", keySetText(jwk("ed", map[string]any{"d": "AAAA"}), jwk("ec", nil)), "ed", "EdDSA", false},
		{"unknown type beside", keySetText(map[string]any{"kty": "AKP", "kid": "pq"}, jwk("ed", nil)), "ed", "EdDSA", true},
		{"small RSA", keySetText(small, jwk("ed", nil)), "rsa", "RS256", false},
		{"bad x5c beside", keySetText(jwk("ed", map[string]any{"x5c": []any{"AAAA"}, "x5u": "https://evil.test/"})), "ed", "EdDSA", true},
		{"no kid in the set", keySetText(jwk("ed", map[string]any{"kid": nil})), "ed", "EdDSA", true},
		{"two without kid", keySetText(jwk("rsa", map[string]any{"kid": nil}), jwk("rsa2", map[string]any{"kid": nil}), jwk("ed", nil)), "rsa", "RS256", false},
		{"one without kid, one with", keySetText(jwk("rsa", map[string]any{"kid": nil}), jwk("rsa2", nil)), "rsa", "RS256", false},
		{"PEM", publicPEM("rsa", "ec"), "any", "ES256", true},
		{"two of a kind in PEM", publicPEM("rsa", "rsa2"), "rsa", "RS256", false},
	} {
		set, err := parseKeys(tc.text)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if key, ok := set.find(tc.kid, tc.alg); ok != tc.ok || ok != (key != nil) {
			t.Errorf("%s: %T, %v", tc.name, key, ok)
		}
	}
}

func FuzzKeySet(f *testing.F) {
	f.Add(allKeys())
	f.Add(publicPEM("rsa", "ec", "ed"))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"","e":""},{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := parseKeys(bytes.Clone(text))
		if err == nil && len(set.keys) == 0 {
			t.Error("an empty set is good")
		}
	})
}

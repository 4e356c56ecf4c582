// Package bearer is the source that knows JSON Web Tokens in the Authorization header
// (RFC 6750, RFC 7519), and trusts as few of them as RFC 8725 asks for.
//
// A token's size and shape are looked at before a byte of it is decoded. Its header
// chooses among the configured keys and decides nothing else: the algorithm must be of a
// fixed list and fit the key's type, and what a header says about where keys are (jku,
// jwk, x5u, x5c) is not read. Verified tokens are remembered for a minute at most, and
// no longer than the key set that vouched for them is in force.
//
//	source, err := bearer.New(bearer.Config{
//		Issuer:    "https://id.example.com",
//		Audiences: []string{"shop"},
//		KeysURL:   "https://id.example.com/.well-known/jwks.json",
//		Transport: transport,
//	})
//	defer source.Close()
package bearer

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"

	"ficus/gateway/identity"
)

// Config says which tokens to trust. Exactly one of KeysURL, KeysFile and Secret is set.
type Config struct {
	Name      string   // of the source; "bearer" by default
	Issuer    string   // the claim "iss", byte for byte; needed
	Audiences []string // the claim "aud" must hold one of these; needed

	KeysURL  string // of a JSON Web Key Set, fetched again every Refresh
	KeysFile string // a key set, or public keys and certificates in PEM; read again every Refresh
	Secret   []byte // of HS256: at least 32 bytes, and then no other algorithm

	Algorithms []string      // fewer than [Algorithms]; all of them by default, HS256 with a secret
	Leeway     time.Duration // for clocks that differ; 30 s by default, below 0 none
	MaxBytes   int           // how long a token may be; 8,192 by default

	CacheSize int           // how many verified tokens are remembered; 10,000 by default
	CacheFor  time.Duration // for how long, or until they expire; 60 s by default, which is the most

	Transport http.RoundTripper // asks KeysURL; needed with it
	Refresh   time.Duration     // 10 min by default
	Timeout   time.Duration     // of one fetch with its retries; 10 s by default
	KeyWait   time.Duration     // how long a token with an unknown kid waits for a fetch; 50 ms by default
	KeyEvery  time.Duration     // unknown kids cause at most one fetch in this time; 30 s by default

	Now    func() time.Time // time.Now by default; called concurrently
	OnKeys func(error)      // told how each look at the key set ended, nil when well; called by one goroutine; may be nil
}

func (c *Config) setDefaults() {
	c.Name = cmp.Or(c.Name, "bearer")
	c.Leeway = cmp.Or(c.Leeway, 30*time.Second)
	c.MaxBytes = cmp.Or(c.MaxBytes, 8192)
	c.CacheSize = cmp.Or(c.CacheSize, 10_000)
	c.CacheFor = cmp.Or(c.CacheFor, time.Minute)
	c.Refresh = cmp.Or(c.Refresh, 10*time.Minute)
	c.Timeout = cmp.Or(c.Timeout, 10*time.Second)
	c.KeyWait = cmp.Or(c.KeyWait, 50*time.Millisecond)
	c.KeyEvery = cmp.Or(c.KeyEvery, 30*time.Second)
	c.Leeway = max(c.Leeway, 0)
	c.CacheFor = min(c.CacheFor, time.Minute)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.OnKeys == nil {
		c.OnKeys = func(error) {}
	}
	if c.Algorithms == nil && c.Secret == nil {
		c.Algorithms = Algorithms()
	}
	if c.Algorithms == nil {
		c.Algorithms = []string{hs256}
	}
}

func (c *Config) check() error {
	from := 0
	for _, set := range []bool{c.KeysURL != "", c.KeysFile != "", c.Secret != nil} {
		if set {
			from++
		}
	}
	known := Algorithms()
	if c.Secret != nil {
		known = []string{hs256}
	}
	switch {
	case c.Issuer == "":
		return errors.New("bearer: there is no issuer")
	case len(c.Audiences) == 0 || slices.Contains(c.Audiences, ""):
		return errors.New("bearer: there is no audience, or an empty one")
	case from != 1:
		return errors.New("bearer: keys come from one of a URL, a file and a secret")
	case c.Secret != nil && len(c.Secret) < minSecret:
		return fmt.Errorf("bearer: the secret has %d bytes; HS256 needs at least %d (RFC 7518, 3.2)", len(c.Secret), minSecret)
	case c.KeysURL != "" && c.Transport == nil:
		return errors.New("bearer: there is no transport to fetch keys with")
	}
	for _, a := range c.Algorithms {
		if !slices.Contains(known, a) {
			return fmt.Errorf("bearer: algorithm %q is none of %s", a, strings.Join(known, ", "))
		}
	}
	if c.KeysURL != "" {
		if u, err := url.Parse(c.KeysURL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return errors.New("bearer: the URL of the keys is no http or https URL")
		}
	}
	return nil
}

// A Source verifies bearer tokens. It is safe for concurrent use.
type Source struct {
	config Config
	keys   *keys
	cache  *otter.Cache[[sha256.Size]byte, verified]
}

// verified is a token that was found good.
type verified struct {
	principal *identity.Principal
	set       *keySet   // a result counts while the set that vouched is in force
	until     time.Time // and before this moment
}

var _ identity.Source = (*Source)(nil)

// New returns a source. Keys from a file must be there; keys from a URL are fetched in the
// background, and until the first fetch went well tokens can't be looked at.
func New(config Config) (*Source, error) {
	config.setDefaults()
	if err := config.check(); err != nil {
		return nil, err
	}
	cache, err := otter.New(&otter.Options[[sha256.Size]byte, verified]{MaximumSize: config.CacheSize})
	if err != nil {
		return nil, fmt.Errorf("bearer: %w", err)
	}
	keys, err := openKeys(&config)
	if err != nil {
		return nil, err
	}
	return &Source{config: config, keys: keys, cache: cache}, nil
}

// Close ends what runs in the background, and waits for it. Identify still works
// afterwards, with the keys that are known.
func (s *Source) Close() error {
	s.keys.close()
	return nil
}

// Ready returns nil once there are keys, and else why there are none.
func (s *Source) Ready() error { return s.keys.trouble() }

// Identify implements [identity.Source].
func (s *Source) Identify(ctx context.Context, r *http.Request) (*identity.Principal, error) {
	token, err := tokenOf(r.Header["Authorization"])
	if token == "" || err != nil {
		return nil, err
	}
	return s.Verify(ctx, token)
}

// tokenOf returns the bearer token of a request's Authorization lines, "" where there is
// no bearer token.
func tokenOf(lines []string) (string, error) {
	for _, line := range lines {
		scheme, token, _ := strings.Cut(line, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			continue
		}
		// One gateway reads the first line, one backend the last.
		if len(lines) > 1 {
			return "", refused("there are several Authorization lines")
		}
		token = strings.Trim(token, " ")
		if token == "" {
			return "", refused("the token is empty")
		}
		return token, nil
	}
	return "", nil
}

// Verify returns the principal that a token names. Its errors are those of
// [identity.Source].
func (s *Source) Verify(ctx context.Context, token string) (*identity.Principal, error) {
	if len(token) > s.config.MaxBytes {
		return nil, refused("the token has %d bytes; %d are the most", len(token), s.config.MaxBytes)
	}
	now := s.config.Now()
	var room [1024]byte
	key := sha256.Sum256(append(room[:0], token...))
	if v, ok := s.cache.GetIfPresent(key); ok && v.set == s.keys.current.Load() && now.Before(v.until) {
		return v.principal, nil
	}
	if err := checkShape(token); err != nil {
		return nil, err
	}
	principal, set, err := s.verify(ctx, token, now)
	if err != nil {
		return nil, err
	}
	until := now.Add(s.config.CacheFor)
	if principal.Expires.Before(until) {
		until = principal.Expires
	}
	if now.Before(until) {
		s.cache.Set(key, verified{principal: principal, set: set, until: until})
	}
	return principal, nil
}

// refused returns an error that wraps [identity.ErrRefused].
func refused(format string, values ...any) error {
	return fmt.Errorf("bearer token %w: %s", identity.ErrRefused, fmt.Sprintf(format, values...))
}

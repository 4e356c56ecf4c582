package issuer

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"ficus/gateway/identity"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A shared store, in memory, that can be in trouble.
type shared struct {
	mu      sync.Mutex
	keys    []Key
	trouble error
}

func (s *shared) Update(_ context.Context, change func([]Key) ([]Key, error)) ([]Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trouble != nil {
		return nil, s.trouble
	}
	keys, err := change(s.keys)
	if err == nil {
		s.keys = keys
	}
	return keys, err
}

func (s *shared) set(trouble error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = trouble
}

func open(t testing.TB, config Config) *Issuer {
	t.Helper()
	if config.Store == nil {
		config.Store = &shared{}
	}
	i, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// published returns the key set that is served, by kid.
func published(t testing.TB, i *Issuer) map[string]ed25519.PublicKey {
	t.Helper()
	w := httptest.NewRecorder()
	i.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/jwks", nil))
	if w.Code != 200 || strings.Contains(w.Body.String(), `"d"`) || strings.Contains(w.Body.String(), "seed") {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	var set jwkset.JWKSMarshal
	if err := json.Unmarshal(w.Body.Bytes(), &set); err != nil {
		t.Fatal(err)
	}
	keys := map[string]ed25519.PublicKey{}
	for _, k := range set.Keys {
		key, err := jwkset.NewJWKFromMarshal(k, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
		if err != nil || k.USE != jwkset.UseSig || k.ALG != jwkset.AlgEdDSA || k.KID == "" {
			t.Fatalf("%+v: %v", k, err)
		}
		keys[k.KID] = key.Key().(ed25519.PublicKey)
	}
	return keys
}

// read verifies a token with the keys that somebody has.
func read(token string, keys map[string]ed25519.PublicKey, now time.Time) (*jwt.Token, error) {
	return jwt.Parse(token, func(t *jwt.Token) (any, error) {
		key, ok := keys[t.Header["kid"].(string)]
		if !ok {
			return nil, errors.New("unknown kid")
		}
		return key, nil
	}, jwt.WithValidMethods([]string{"EdDSA"}), jwt.WithTimeFunc(func() time.Time { return now }), jwt.WithJSONNumber())
}

func TestToken(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	i := open(t, Config{Now: func() time.Time { return now }})
	defer i.Close()
	p := &identity.Principal{ID: "ada", Claims: map[string]any{"sub": "eve", "iss": "evil", "exp": json.Number("9"), "role": "admin", "secret": "x", "n": json.Number("12345678901234567890")}}
	token, err := i.Token(p, identity.Grant{Audience: "cart", Claims: []string{"role", "n", "sub", "iss", "exp", "aud", "jti", "nbf", "missing"},
		Extra: map[string]any{"plan": "gold", "sub": "eve", "iat": 1}})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := read(token, published(t, i), now)
	if err != nil {
		t.Fatal(err)
	}
	want := jwt.MapClaims{"iss": "ficus", "aud": "cart", "sub": "ada", "iat": json.Number("1800000000"), "exp": json.Number("1800000060"),
		"role": "admin", "n": json.Number("12345678901234567890"), "plan": "gold"}
	if diff := cmp.Diff(want, parsed.Claims); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"alg": "EdDSA", "typ": "JWT", "kid": parsed.Header["kid"]}, parsed.Header); diff != "" {
		t.Errorf("header (-want +got)\n%s", diff)
	}
}

func TestNobodyHasNoToken(t *testing.T) {
	i := open(t, Config{})
	defer i.Close()
	if token, err := i.Token(nil, identity.Grant{Audience: "a"}); token != "" || err != nil {
		t.Errorf("%q, %v", token, err)
	}
}

func TestTokenEndsWithTheCredential(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	i := open(t, Config{Now: func() time.Time { return now }})
	defer i.Close()
	p := &identity.Principal{ID: "ada", Expires: now.Add(10 * time.Second)}
	token, err := i.Token(p, identity.Grant{Audience: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := read(token, published(t, i), now.Add(9*time.Second)); err != nil {
		t.Error(err)
	}
	if _, err := read(token, published(t, i), now.Add(10*time.Second)); err == nil {
		t.Error("it outlives the credential")
	}
	now = now.Add(9500 * time.Millisecond)
	if token, err := i.Token(p, identity.Grant{Audience: "a"}); token != "" || !errors.Is(err, identity.ErrRefused) {
		t.Errorf("%q, %v", token, err)
	}
}

// Tokens are shared by requests that would get the same, for half of their life.
func TestReuse(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	i := open(t, Config{Now: func() time.Time { return now }, TokenID: true})
	defer i.Close()
	principal := func(change ...func(*identity.Principal)) *identity.Principal {
		p := &identity.Principal{ID: "ada", Expires: now.Truncate(time.Hour).Add(2 * time.Hour), Claims: map[string]any{"role": "admin", "list": []any{"a", "b"}, "m": map[string]any{"x": json.Number("1"), "y": nil}}}
		for _, c := range change {
			c(p)
		}
		return p
	}
	grant := func(change ...func(*identity.Grant)) identity.Grant {
		g := identity.Grant{Audience: "cart", Claims: []string{"role", "list", "m"}, Extra: map[string]any{"plan": "gold", "f": 1.5}}
		for _, c := range change {
			c(&g)
		}
		return g
	}
	token := func(p *identity.Principal, g identity.Grant) string {
		t.Helper()
		token, err := i.Token(p, g)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	first := token(principal(), grant())
	now = now.Add(29 * time.Second)
	if token(principal(), grant()) != first {
		t.Error("an equal principal gets another token")
	}
	if token(principal(func(p *identity.Principal) { p.Claims["other"] = "x" }), grant()) != first {
		t.Error("a claim that is not in the token makes another")
	}
	seen := map[string]string{first: "the first"}
	for name, other := range map[string]string{
		"audience": token(principal(), grant(func(g *identity.Grant) { g.Audience = "orders" })),
		"subject":  token(principal(func(p *identity.Principal) { p.ID = "bob" }), grant()),
		"expires":  token(principal(func(p *identity.Principal) { p.Expires = p.Expires.Add(time.Second) }), grant()),
		"claim":    token(principal(func(p *identity.Principal) { p.Claims["role"] = "buyer" }), grant()),
		"no claim": token(principal(func(p *identity.Principal) { delete(p.Claims, "role") }), grant()),
		"type":     token(principal(func(p *identity.Principal) { p.Claims["role"] = []any{"admin"} }), grant()),
		"list":     token(principal(func(p *identity.Principal) { p.Claims["list"] = []any{"ab"} }), grant()),
		"object":   token(principal(func(p *identity.Principal) { p.Claims["m"] = map[string]any{"x": json.Number("1")} }), grant()),
		"extra":    token(principal(), grant(func(g *identity.Grant) { g.Extra["plan"] = "silver" })),
		"number":   token(principal(), grant(func(g *identity.Grant) { g.Extra["f"] = 1.25 })),
		"less":     token(principal(), grant(func(g *identity.Grant) { g.Extra = nil })),
		"fewer":    token(principal(), grant(func(g *identity.Grant) { g.Claims = g.Claims[:1] })),
	} {
		if twin, twice := seen[other]; twice {
			t.Errorf("another %s gets the token of %s", name, twin)
		}
		seen[other] = name
	}
	now = now.Add(time.Second)
	second := token(principal(), grant())
	if second == first {
		t.Error("it is used beyond half of its life")
	}
	a, err := read(first, published(t, i), now)
	b, err2 := read(second, published(t, i), now)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	if x, y := a.Claims.(jwt.MapClaims)["jti"], b.Claims.(jwt.MapClaims)["jti"]; x == y || x == "" || x == nil {
		t.Errorf("ids %v and %v", x, y)
	}
}

// A service fetches the keys every five minutes and on no other occasion, and for two days
// every token is good there: from the first to the last of its seconds.
func TestRotationHasNoGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := open(t, Config{})
		defer i.Close()
		p := &identity.Principal{ID: "ada"}
		type sent struct {
			token string
			at    time.Time
		}
		var under []sent // tokens whose life is not over
		kids := map[any]bool{}
		most := 0
		start := time.Now()
		var keys map[string]ed25519.PublicKey
		var fetched time.Time
		for time.Since(start) < 50*time.Hour {
			now := time.Now()
			if now.Sub(fetched) >= 5*time.Minute {
				keys, fetched = published(t, i), now
				most = max(most, len(keys))
			}
			token, err := i.Token(p, identity.Grant{Audience: "a"})
			if err != nil {
				t.Fatal(err)
			}
			under = append(under, sent{token, now})
			for len(under) > 0 && now.Sub(under[0].at) > 25*time.Second { // it was up to 30 s old when it was sent
				under = under[1:]
			}
			for _, s := range []sent{under[0], under[len(under)-1]} {
				parsed, err := read(s.token, keys, now)
				if err != nil {
					t.Fatalf("after %s: %v", now.Sub(start), err)
				}
				kids[parsed.Header["kid"]] = true
			}
			step := 5 * time.Minute
			if left := 24*time.Hour - time.Since(start)%(24*time.Hour); left < 20*time.Minute || left > 24*time.Hour-10*time.Minute {
				step = 7 * time.Second
			}
			time.Sleep(step)
		}
		if len(kids) != 3 || most != 2 {
			t.Errorf("%d keys have signed in 50 hours, and up to %d were published", len(kids), most)
		}
		if len(published(t, i)) != 1 {
			t.Error("an old key is still published")
		}
	})
}

// The order of things at one rotation, with a clock moved by hand.
func TestSchedule(t *testing.T) {
	c := Config{Lifetime: time.Minute, RotateEvery: 24 * time.Hour, Ahead: 10 * time.Minute}
	start := time.Unix(1_800_000_000, 0)
	var keys []Key
	var first, second string
	for _, step := range []struct {
		at     time.Duration
		keys   int
		second bool // the second signs
	}{
		{0, 1, false},
		{24*time.Hour - 10*time.Minute - time.Second, 1, false},
		{24*time.Hour - 10*time.Minute, 2, false}, // published
		{24*time.Hour - time.Second, 2, false},
		{24 * time.Hour, 2, true}, // signs
		{24*time.Hour + 3*time.Minute, 2, true},
		{24*time.Hour + 3*time.Minute + time.Second, 1, true}, // the old one's last token has ended
	} {
		var err error
		if keys, err = c.schedule(keys, start.Add(step.at)); err != nil {
			t.Fatal(err)
		}
		r, err := newRing(keys)
		if err != nil {
			t.Fatal(err)
		}
		kid, _ := r.signer(start.Add(step.at))
		if first == "" {
			first = kid
		}
		if kid != first && second == "" {
			second = kid
		}
		if len(keys) != step.keys || (kid == second) != step.second {
			t.Errorf("after %s: %d keys, the second signs: %v", step.at, len(keys), kid == second)
		}
	}
}

// A gateway that slept for a week goes on with the key it has, and publishes the next one
// as long ahead as ever.
func TestAfterALongSleep(t *testing.T) {
	c := Config{Lifetime: time.Minute, RotateEvery: 24 * time.Hour, Ahead: 10 * time.Minute}
	start := time.Unix(1_800_000_000, 0)
	keys, err := c.schedule(nil, start)
	if err != nil {
		t.Fatal(err)
	}
	late := start.Add(7 * 24 * time.Hour)
	if keys, err = c.schedule(keys, late); err != nil || len(keys) != 2 || !keys[1].Signs.Equal(late.Add(10*time.Minute)) {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	if again, err := c.schedule(keys, late.Add(time.Minute)); err != nil || !cmp.Equal(again, keys) {
		t.Errorf("a minute later there are others: %v", err)
	}
}

// Two gateways with one store sign with the same keys at all times, and publish the same.
func TestSharedStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &shared{}
		a := open(t, Config{Store: store})
		defer a.Close()
		time.Sleep(20 * time.Second)
		b := open(t, Config{Store: store})
		defer b.Close()
		for range 49 * 4 {
			time.Sleep(15 * time.Minute)
			for name, pair := range map[string][2]*Issuer{"a": {a, b}, "b": {b, a}} {
				token, err := pair[0].Token(&identity.Principal{ID: "ada"}, identity.Grant{Audience: "a"})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := read(token, published(t, pair[1]), time.Now()); err != nil {
					t.Fatalf("a token of %s with the other's keys: %v", name, err)
				}
			}
		}
	})
}

// While the store is in trouble the last key signs on; an emptied store gets the keys back.
func TestStoreInTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &shared{}
		var told error
		i := open(t, Config{Store: store, OnKeys: func(err error) { told = err }})
		defer i.Close()
		before := published(t, i)
		store.set(errors.New("disk full"))
		time.Sleep(72 * time.Hour)
		synctest.Wait()
		token, err := i.Token(&identity.Principal{ID: "ada"}, identity.Grant{Audience: "a"})
		if err != nil || told == nil {
			t.Fatal(err, told)
		}
		if _, err := read(token, before, time.Now()); err != nil {
			t.Error(err)
		}
		store.mu.Lock()
		store.trouble, store.keys = nil, nil
		store.mu.Unlock()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		for kid := range before {
			if after := published(t, i); after[kid] == nil || len(after) != 2 || told != nil {
				t.Errorf("%d keys, %v", len(after), told)
			}
		}
	})
}

func TestRestartKeepsKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	i := open(t, Config{Store: NewFileStore(path)})
	before := published(t, i)
	i.Close()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	i = open(t, Config{Store: NewFileStore(path)})
	defer i.Close()
	if diff := cmp.Diff(before, published(t, i)); diff != "" {
		t.Errorf("(-before +after)\n%s", diff)
	}
}

// Stores of several processes: whoever comes first makes the key, and all have it.
func TestFileStoreConcurrently(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	var all sync.WaitGroup
	sets := make([]map[string]ed25519.PublicKey, 8)
	for n := range sets {
		all.Go(func() {
			i := open(t, Config{Store: NewFileStore(path)})
			defer i.Close()
			sets[n] = published(t, i)
		})
	}
	all.Wait()
	for n := range sets {
		if diff := cmp.Diff(sets[0], sets[n]); diff != "" {
			t.Errorf("(-first +%d)\n%s", n, diff)
		}
	}
	left, err := filepath.Glob(path + "*")
	if diff := cmp.Diff([]string{path, path + ".lock"}, left); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

func TestFileStoreRefuses(t *testing.T) {
	good, err := newKey(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	other, err := newKey(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	swapped := good
	swapped.Seed = other.Seed
	short := good
	short.Seed = short.Seed[:31]
	text := func(k Key) string {
		b, err := json.Marshal(keyFile{[]Key{k}})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for name, tc := range map[string]struct {
		text string
		mode os.FileMode
		err  string
	}{
		"good":         {text(good), 0o600, ""},
		"only read":    {text(good), 0o400, ""},
		"others read":  {text(good), 0o640, "others may read it"},
		"cut":          {text(good)[:40], 0o600, "no signing keys"},
		"empty":        {"", 0o600, "no signing keys"},
		"another seed": {text(swapped), 0o600, "damaged"},
		"short seed":   {text(short), 0o600, "damaged"},
	} {
		path := filepath.Join(t.TempDir(), "keys.json")
		if err := os.WriteFile(path, []byte(tc.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, tc.mode); err != nil {
			t.Fatal(err)
		}
		i, err := New(Config{Store: NewFileStore(path)})
		if (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			i.Close()
		}
		if after, err := os.ReadFile(path); string(after) != tc.text || err != nil {
			t.Errorf("%s: it was written to", name)
		}
	}
}

func TestFileStoreWaitsForOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	unlock, err := lockFile(t.Context(), path+".lock")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	same := func(keys []Key) ([]Key, error) { return keys, nil }
	if _, err := NewFileStore(path).Update(ctx, same); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while another holds it: %v", err)
	}
	unlock()
	if _, err := NewFileStore(path).Update(t.Context(), same); err != nil {
		t.Error(err)
	}
}

func TestHandler(t *testing.T) {
	i := open(t, Config{})
	defer i.Close()
	for _, tc := range []struct {
		method string
		status int
		body   bool
	}{{"GET", 200, true}, {"HEAD", 200, false}, {"POST", 405, true}, {"DELETE", 405, true}} {
		w := httptest.NewRecorder()
		i.ServeHTTP(w, httptest.NewRequest(tc.method, "/", nil))
		if w.Code != tc.status || (w.Body.Len() > 0) != tc.body {
			t.Errorf("%s: %d, %q", tc.method, w.Code, w.Body)
		}
		if tc.status == 200 && (w.Header().Get("Cache-Control") != "public, max-age=300" || w.Header().Get("Content-Type") != "application/jwk-set+json") {
			t.Errorf("%s: %v", tc.method, w.Header())
		}
	}
}

func TestConfig(t *testing.T) {
	for name, c := range map[string]Config{
		"no store":   {},
		"long life":  {Store: &shared{}, Lifetime: 2 * time.Hour},
		"short life": {Store: &shared{}, Lifetime: time.Millisecond},
		"too ahead":  {Store: &shared{}, RotateEvery: time.Hour, Ahead: 31 * time.Minute},
		"no ahead":   {Store: &shared{}, Ahead: time.Millisecond},
		"trouble":    {Store: &shared{trouble: errors.New("x")}},
	} {
		if i, err := New(c); err == nil {
			t.Errorf("%s: no error", name)
			i.Close()
		}
	}
}

// BenchmarkIssue is what a request to a backend costs with a token.
func BenchmarkIssue(b *testing.B) {
	i := open(b, Config{})
	defer i.Close()
	p := &identity.Principal{ID: "ada", Expires: time.Now().Add(time.Hour), Claims: map[string]any{"email": "ada@example.com", "roles": []any{"admin", "buyer"}, "auth_time": json.Number("1800000000")}}
	grant := identity.Grant{Audience: "cart", Claims: []string{"email", "roles", "auth_time"}}
	b.Run("cached", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := i.Token(p, grant); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("cold", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			now := time.Now()
			if _, err := i.sign(p, &grant, now, now.Add(time.Minute)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("cached/extra", func(b *testing.B) {
		grant := grant
		grant.Extra = map[string]any{"plan": "gold", "limit": json.Number("5")}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := i.Token(p, grant); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func ExampleIssuer() {
	i, err := New(Config{Store: &shared{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer i.Close()
	cart, err := identity.NewOutward(identity.OutwardConfig{Token: identity.TokenHeader, Audience: "cart", Claims: []string{"roles"}}, i.Token)
	if err != nil {
		fmt.Println(err)
		return
	}
	out := http.Header{}
	err = cart.Apply(out, &identity.Principal{ID: "ada"}, nil)
	fmt.Println(strings.Count(out.Get("Ficus-Identity"), "."), err)
	// Output: 2 <nil>
}

// Package issuer makes the internal tokens by which backends know who asks: JSON Web
// Tokens signed with Ed25519, for one audience each, good for a minute.
//
// Keys rotate without a gap. A new key is published in the key set before it signs, so
// that every service has it by then, and an old one stays published until its last token
// has ended. Keys are in a [Store] that outlives restarts and that several gateways may
// share; who signs at which moment is in the keys themselves, so they need no agreement.
package issuer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"ficus/gateway/identity"
)

// Config says how tokens are made.
type Config struct {
	Store    Store         // of the keys; needed
	Issuer   string        // the claim "iss"; "ficus" by default
	Lifetime time.Duration // of a token; 60 s by default, 1 h at most; never beyond the credential's own
	TokenID  bool          // tokens have a "jti"; requests that share a token share it

	RotateEvery time.Duration // how long a key signs; 24 h by default
	Ahead       time.Duration // how long a key is published before it signs; 10 min by default
	Check       time.Duration // how often the store is looked at; 1 min by default, Ahead / 2 at most

	CacheSize int // how many tokens are kept for reuse; 10,000 by default

	Now    func() time.Time // time.Now by default; called concurrently
	OnKeys func(error)      // told how each look at the store ended, nil when well; called by one goroutine; may be nil
}

func (c *Config) setDefaults() {
	c.Issuer = cmp.Or(c.Issuer, "ficus")
	c.Lifetime = cmp.Or(c.Lifetime, time.Minute)
	c.RotateEvery = cmp.Or(c.RotateEvery, 24*time.Hour)
	c.Ahead = cmp.Or(c.Ahead, 10*time.Minute)
	c.Check = min(cmp.Or(c.Check, time.Minute), c.Ahead/2)
	c.CacheSize = cmp.Or(c.CacheSize, 10_000)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.OnKeys == nil {
		c.OnKeys = func(error) {}
	}
}

func (c *Config) check() error {
	switch {
	case c.Store == nil:
		return errors.New("issuer: there is no store for keys")
	case c.Lifetime < time.Second || c.Lifetime > time.Hour:
		return fmt.Errorf("issuer: tokens can't live for %s: one second to one hour", c.Lifetime)
	case c.Ahead < time.Second || c.RotateEvery < 2*c.Ahead:
		return fmt.Errorf("issuer: keys that sign for %s can't be published %s ahead: that takes a second to half of it", c.RotateEvery, c.Ahead)
	}
	return nil
}

// An Issuer makes tokens. It is safe for concurrent use.
type Issuer struct {
	config Config
	ring   atomic.Pointer[ring]
	cache  *otter.Cache[cacheKey, issued]
	cancel context.CancelFunc
	ended  chan struct{}
}

// issued is a token that may be handed out until half of its life is over.
type issued struct {
	token string
	until time.Time
}

// New reads the store, and makes the first key where it is empty.
func New(config Config) (*Issuer, error) {
	config.setDefaults()
	if err := config.check(); err != nil {
		return nil, err
	}
	cache, err := otter.New(&otter.Options[cacheKey, issued]{MaximumSize: config.CacheSize})
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	i := &Issuer{config: config, cache: cache, cancel: cancel, ended: make(chan struct{})}
	if err := i.look(ctx); err != nil {
		cancel()
		return nil, fmt.Errorf("issuer: %w", err)
	}
	go i.run(ctx)
	return i, nil
}

// Close ends what runs in the background, and waits for it. Tokens are still made
// afterwards, with the keys that are known.
func (i *Issuer) Close() error {
	i.cancel()
	<-i.ended
	return nil
}

func (i *Issuer) run(ctx context.Context) {
	defer close(i.ended)
	ticker := time.NewTicker(i.config.Check)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := i.look(ctx)
		if ctx.Err() != nil {
			return
		}
		i.config.OnKeys(err)
	}
}

// look brings the keys of the store to what they must be now, and takes them over. In
// trouble the keys stay as they are: then the last one just signs for longer.
func (i *Issuer) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	known := i.ring.Load()
	keys, err := i.config.Store.Update(ctx, func(keys []Key) ([]Key, error) {
		if len(keys) == 0 && known != nil {
			keys = known.keys // somebody emptied the store: services know these
		}
		return i.config.schedule(keys, i.config.Now())
	})
	if err != nil {
		return err
	}
	if known != nil && slices.EqualFunc(known.keys, keys, sameKey) {
		return nil
	}
	fresh, err := newRing(keys)
	if err != nil {
		return err
	}
	i.ring.Store(fresh)
	return nil
}

// Token returns a token for a principal, "" for nobody. A principal whose credential has
// expired is refused. It implements [identity.Issue].
func (i *Issuer) Token(p *identity.Principal, grant identity.Grant) (string, error) {
	if p == nil {
		return "", nil
	}
	now := i.config.Now()
	key := keyOf(p, &grant)
	if known, ok := i.cache.GetIfPresent(key); ok && now.Before(known.until) {
		return known.token, nil
	}
	end := now.Add(i.config.Lifetime)
	if !p.Expires.IsZero() && p.Expires.Before(end) {
		end = p.Expires
	}
	if end.Sub(now) < time.Second { // dates in tokens are whole seconds
		return "", fmt.Errorf("internal token %w: the credential has expired", identity.ErrRefused)
	}
	token, err := i.sign(p, &grant, now, end)
	if err != nil {
		return "", err
	}
	i.cache.Set(key, issued{token: token, until: now.Add(end.Sub(now) / 2)})
	return token, nil
}

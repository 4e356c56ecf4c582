package issuer

import (
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/MicahParks/jwkset"
)

// A Key signs tokens from a moment on, until another key's moment comes.
type Key struct {
	ID    string    `json:"kid"`
	Seed  []byte    `json:"seed"` // of the Ed25519 key: secret
	Signs time.Time `json:"signs"`
}

func newKey(signs time.Time) (Key, error) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return Key{}, err
	}
	return Key{ID: idOf(public), Seed: private.Seed(), Signs: signs.UTC()}, nil
}

func idOf(public ed25519.PublicKey) string {
	sum := sha256.Sum256(public)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

func (k Key) private() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(k.Seed) }

func (k Key) public() ed25519.PublicKey { return k.private().Public().(ed25519.PublicKey) }

func (k Key) check() error {
	if len(k.Seed) != ed25519.SeedSize || k.Signs.IsZero() || k.ID != idOf(k.public()) {
		return errors.New("a signing key is damaged")
	}
	return nil
}

// clockSkew is by how much clocks of gateways and services may differ, as a verifier's
// leeway has it.
const clockSkew = time.Minute

// schedule returns the keys that must be there now, given those that are: at least one
// that signs, the next one when its time to be published has come, and none whose last
// token has ended. It is pure but for the keys that it makes.
func (c *Config) schedule(keys []Key, now time.Time) ([]Key, error) {
	keys = slices.Clone(keys)
	slices.SortStableFunc(keys, byTime)
	if len(keys) == 0 {
		first, err := newKey(now)
		return []Key{first}, err
	}
	last := keys[len(keys)-1]
	if next := last.Signs.Add(c.RotateEvery); !now.Before(next.Add(-c.Ahead)) {
		if soonest := now.Add(c.Ahead); next.Before(soonest) {
			next = soonest
		}
		key, err := newKey(next)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	// A key's last token was signed when its successor's moment came.
	for len(keys) > 1 && now.After(keys[1].Signs.Add(c.Lifetime+2*clockSkew)) {
		keys = keys[1:]
	}
	return keys, nil
}

func byTime(a, b Key) int {
	return cmp.Or(a.Signs.Compare(b.Signs), cmp.Compare(a.ID, b.ID))
}

// A ring is the keys in force. It is never changed after it was made.
type ring struct {
	keys      []Key                // by the moment from which they sign
	private   []ed25519.PrivateKey // of the keys, in their order
	published []byte               // the public ones, as a JSON Web Key Set
}

func newRing(keys []Key) (*ring, error) {
	if len(keys) == 0 {
		return nil, errors.New("there is no signing key")
	}
	r := &ring{keys: slices.SortedFunc(slices.Values(keys), byTime)}
	var set jwkset.JWKSMarshal
	for _, k := range r.keys {
		if err := k.check(); err != nil {
			return nil, err
		}
		public, err := jwkset.NewJWKFromKey(k.public(), jwkset.JWKOptions{
			Metadata: jwkset.JWKMetadataOptions{ALG: jwkset.AlgEdDSA, KID: k.ID, USE: jwkset.UseSig}})
		if err != nil {
			return nil, fmt.Errorf("publishing a key: %w", err)
		}
		r.private = append(r.private, k.private())
		set.Keys = append(set.Keys, public.Marshal())
	}
	var err error
	r.published, err = json.Marshal(set)
	return r, err
}

// signer returns the key that signs at a moment: the last whose own has come. Where none
// has, as after a clock was set back, the first signs.
func (r *ring) signer(now time.Time) (kid string, private ed25519.PrivateKey) {
	at := len(r.keys) - 1
	for at > 0 && now.Before(r.keys[at].Signs) {
		at--
	}
	return r.keys[at].ID, r.private[at]
}

// Package split decides which side of a canary route a client belongs to.
//
// A client falls into one of [Cohorts] buckets by a keyed hash of the route's
// group and of a value that stays with the client, its principal: a session
// cookie, a header or its address. The new side serves the cohorts below the
// weight. So raising a weight never takes a client back from new to legacy,
// lowering it never moves another one to new, and routes of one group agree on
// every client.
//
// The key keeps clients from choosing their cohort; gateways that stand side by
// side must share it. All functions are pure and may be called concurrently.
package split

import (
	"crypto/sha256"
	"encoding/binary"
	"net/http"

	"ficus/gateway/route"
)

// Cohorts is the number of buckets: a weight of one percent is a hundred of them.
const Cohorts = 10_000

// A Key makes cohorts unpredictable for clients. Equal keys give equal cohorts.
type Key [32]byte

// NewKey returns the key of a secret, however long that is.
func NewKey(secret string) *Key {
	key := Key(sha256.Sum256([]byte(secret)))
	return &key
}

// Cohort returns the bucket, 0 to Cohorts-1, of a principal in a group. Over many
// principals the buckets are filled evenly (the modulo's bias is below 1 in 10^15).
func (k *Key) Cohort(group, principal string) int {
	// SHA-256 over the key first: with a fixed-size key and only 14 bits of the
	// digest shown there is nothing for a length extension to gain, and unlike HMAC
	// this needs no allocation.
	var stack [192]byte
	buf := append(stack[:0], k[:]...)
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(group)))
	buf = append(buf, group...)
	buf = append(buf, principal...)
	sum := sha256.Sum256(buf)
	return int(binary.BigEndian.Uint64(sum[:8]) % Cohorts)
}

// Choose returns the side of a cohort at a weight of 0 to Cohorts.
func Choose(cohort, weight int) route.Side {
	if cohort < weight {
		return route.New
	}
	return route.Legacy
}

// Principal returns the value of the first source that the request has, and that
// source. The client's address and the claims of who is logged in are given by the
// caller, who knows which proxies and tokens to trust. ok is false where the request
// has none of the sources.
func Principal(sources []route.Source, r *http.Request, clientIP string, claims map[string]string) (principal string, from route.Source, ok bool) {
	for _, s := range sources {
		switch s.Kind {
		case route.FromClientIP:
			principal = clientIP
		case route.FromHeader:
			principal = r.Header.Get(s.Name)
		case route.FromCookie:
			principal = cookie(r, s.Name)
		case route.FromClaim:
			principal = claims[s.Name]
		}
		if principal != "" {
			return principal, s, true
		}
	}
	return "", route.Source{}, false
}

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

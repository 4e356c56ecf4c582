package issuer

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"ficus/gateway/identity"
)

// own are the claims that the issuer itself makes.
func own(name string) bool {
	switch name {
	case "iss", "aud", "sub", "exp", "iat", "nbf", "jti":
		return true
	}
	return false
}

func (i *Issuer) sign(p *identity.Principal, grant *identity.Grant, now, end time.Time) (string, error) {
	claims := jwt.MapClaims{}
	for _, name := range grant.Claims {
		if v, ok := p.Claims[name]; ok && !own(name) {
			claims[name] = v
		}
	}
	for name, v := range grant.Extra {
		if !own(name) {
			claims[name] = v
		}
	}
	claims["iss"], claims["aud"], claims["sub"] = i.config.Issuer, grant.Audience, p.ID
	claims["iat"], claims["exp"] = now.Unix(), end.Unix()
	if i.config.TokenID {
		claims["jti"] = rand.Text()
	}
	kid, private := i.ring.Load().signer(now)
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims)
	token.Header["kid"] = kid
	text, err := token.SignedString(private)
	if err != nil {
		return "", fmt.Errorf("signing an internal token: %w", err)
	}
	return text, nil
}

// A cacheKey stands for all that a token says but its dates. Principals are compared by
// what they say: some sources make a new one for each request.
type cacheKey [sha256.Size]byte

func keyOf(p *identity.Principal, grant *identity.Grant) cacheKey {
	var room [512]byte
	text := appendText(room[:0], grant.Audience)
	text = appendText(text, p.ID)
	text = binary.AppendVarint(text, p.Expires.Unix())
	for _, name := range grant.Claims {
		if v, ok := p.Claims[name]; ok {
			text = appendValue(appendText(append(text, 'c'), name), v)
		}
	}
	if len(grant.Extra) > 0 {
		text = appendValue(append(text, 'x'), grant.Extra)
	}
	return sha256.Sum256(text)
}

func appendText(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

// appendValue appends a claim so that no two different ones look the same.
func appendValue(to []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(to, '0')
	case bool:
		return strconv.AppendBool(to, v)
	case string:
		return appendText(append(to, 's'), v)
	case json.Number:
		return appendText(append(to, 'n'), string(v))
	case []any:
		to = binary.AppendUvarint(append(to, 'l'), uint64(len(v)))
		for _, item := range v {
			to = appendValue(to, item)
		}
		return to
	case map[string]any:
		to = binary.AppendUvarint(append(to, 'm'), uint64(len(v)))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			to = appendValue(appendText(to, name), v[name])
		}
		return to
	}
	return appendText(append(to, 'v'), fmt.Sprintf("%T %#v", v, v)) // float64 above all
}

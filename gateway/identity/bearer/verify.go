package bearer

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/golang-jwt/jwt/v5"

	"ficus/gateway/identity"
	"ficus/gateway/identity/internal/strictjson"
)

// verify looks at a token of good shape, and returns the key set that vouches.
//
// The library's own parser is not used: it ignores "crit", and reads JSON in which names
// may stand twice. Its signature methods and its rules for claims are.
func (s *Source) verify(ctx context.Context, token string, now time.Time) (*identity.Principal, *keySet, error) {
	signed := token[:strings.LastIndexByte(token, '.')]
	headerText, claimsText, _ := strings.Cut(signed, ".")
	header, err := decode(headerText)
	if err != nil {
		return nil, nil, refused("header: %v", err)
	}
	kid, alg, err := s.checkHeader(header)
	if err != nil {
		return nil, nil, err
	}
	key, set, err := s.keys.find(ctx, kid, alg)
	if err != nil {
		return nil, nil, err
	}
	signature, err := base64.RawURLEncoding.Strict().DecodeString(token[len(signed)+1:])
	if err != nil {
		return nil, nil, refused("signature: it is no base64url")
	}
	if err := methods[alg].Verify(signed, signature, key); err != nil {
		return nil, nil, refused("the signature is not that of the key")
	}
	claims, err := decode(claimsText)
	if err != nil {
		return nil, nil, refused("claims: %v", err)
	}
	principal, err := s.principal(claims, now)
	return principal, set, err
}

func decode(segment string) (map[string]any, error) {
	text, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil {
		return nil, errors.New("it is no base64url")
	}
	return strictjson.Object(text)
}

// checkHeader returns which key the header asks for, and with which algorithm.
func (s *Source) checkHeader(header map[string]any) (kid, alg string, err error) {
	if _, ok := header["crit"]; ok {
		return "", "", refused("header: critical extensions are not understood")
	}
	if typ, ok := header["typ"]; ok {
		// A media type, whose prefix may be left out, in any case (RFC 7515, 4.1.9).
		word, _ := typ.(string)
		word = strings.TrimPrefix(strings.ToLower(word), "application/")
		if word != "jwt" && word != "at+jwt" {
			return "", "", refused("header: the type is neither JWT nor at+jwt")
		}
	}
	alg, _ = header["alg"].(string)
	if !slices.Contains(s.config.Algorithms, alg) {
		return "", "", refused("header: the algorithm is none of %s", strings.Join(s.config.Algorithms, ", "))
	}
	id, ok := header["kid"]
	if kid, _ = id.(string); ok && (kid == "" || len(kid) > maxKid) {
		return "", "", refused("header: the key id is no text, empty or too long")
	}
	return kid, alg, nil
}

const maxKid = 256 // bytes

// principal checks the claims of a token whose signature is good.
func (s *Source) principal(claims map[string]any, now time.Time) (*identity.Principal, error) {
	for _, name := range []string{"exp", "nbf", "iat"} {
		if v, ok := claims[name]; ok && !isDate(v) {
			return nil, refused("claims: %q is no date", name)
		}
	}
	if aud, ok := claims["aud"].([]any); ok && slices.ContainsFunc(aud, func(v any) bool { _, ok := v.(string); return !ok }) {
		return nil, refused("claims: an audience is no text")
	}
	err := jwt.NewValidator(jwt.WithIssuer(s.config.Issuer), jwt.WithAudience(s.config.Audiences...), jwt.WithExpirationRequired(),
		jwt.WithLeeway(s.config.Leeway), jwt.WithTimeFunc(func() time.Time { return now })).Validate(jwt.MapClaims(claims))
	if err != nil {
		return nil, refused("claims: %v", err) // it names claims, and quotes none
	}
	sub, _ := claims["sub"].(string)
	if sub == "" || len(sub) > maxSubject || strings.ContainsFunc(sub, unicode.IsControl) {
		return nil, refused("claims: the subject is missing, no text, empty, too long or holds control characters")
	}
	expires, err := jwt.MapClaims(claims).GetExpirationTime()
	if err != nil {
		return nil, refused("claims: %v", err)
	}
	return &identity.Principal{ID: sub, Claims: claims, Source: s.config.Name, Expires: expires.Time}, nil
}

const maxSubject = 1024 // bytes

// isDate tells whether a claim is a number of seconds that time.Time can hold. The library
// turns larger ones into dates of its own.
func isDate(v any) bool {
	n, ok := v.(json.Number)
	if !ok {
		return false
	}
	seconds, err := n.Float64()
	return err == nil && seconds >= 0 && seconds < 253402300800 // the year 10000
}

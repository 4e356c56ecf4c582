package split

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ficus/gateway/route"
)

// A force token lets its bearer choose the side of requests to routes that allow it
// ("force: signed"): for a tester who wants the new side before anyone has it. It
// reads "side.expiry.mac": the side, the second of Unix time at which it expires, and
// 128 bits of HMAC-SHA256 over both and the group.
const (
	// ForceHeader carries tokens, one a line or separated by commas.
	ForceHeader = "Ficus-Side"
	// ForceCookie carries one token; there may be several cookies of the name.
	ForceCookie = "ficus_side"
	// AnyGroup is the group of a token that is good for every group.
	AnyGroup = "*"
	// MaxForce is the longest that a token may be good for.
	MaxForce = 30 * 24 * time.Hour
)

const macLength = 16 // bytes

// SignForce returns a token that chooses the side for routes of a group, or of
// [AnyGroup], until a moment.
func (k *Key) SignForce(side route.Side, group string, until time.Time) string {
	text := fmt.Sprintf("%s.%d", side, until.Unix())
	return text + "." + base64.RawURLEncoding.EncodeToString(k.forceMAC(text, group))
}

func (k *Key) forceMAC(text, group string) []byte {
	// The cohorts are hashed with the same key: the label keeps the two apart.
	mac := hmac.New(sha256.New, k[:])
	fmt.Fprintf(mac, "ficus force 1\n%s\n%s", text, group)
	return mac.Sum(nil)[:macLength]
}

// Errors of a token that does not count.
var (
	ErrForceMalformed = errors.New("it is no force token")
	ErrForceExpired   = errors.New("the force token has expired")
	ErrForceSignature = errors.New("the force token was signed with another key or for another group")
)

// CheckForce returns the side that a token chooses for a group.
func (k *Key) CheckForce(token, group string, now time.Time) (route.Side, error) {
	i := strings.LastIndexByte(token, '.')
	if i < 0 {
		return 0, ErrForceMalformed
	}
	text, given := token[:i], token[i+1:]
	mac, err := base64.RawURLEncoding.Strict().DecodeString(given)
	word, expiry, ok := strings.Cut(text, ".")
	seconds, err2 := strconv.ParseInt(expiry, 10, 64)
	if !ok || err != nil || err2 != nil {
		return 0, ErrForceMalformed
	}
	side := route.Legacy
	switch word {
	case route.New.String():
		side = route.New
	case route.Legacy.String():
	default:
		return 0, ErrForceMalformed
	}
	if !hmac.Equal(mac, k.forceMAC(text, group)) && !hmac.Equal(mac, k.forceMAC(text, AnyGroup)) {
		return 0, ErrForceSignature
	}
	if now.Unix() >= seconds {
		return 0, ErrForceExpired
	}
	return side, nil
}

// Forced returns the side that the first good token of a request chooses for a group.
// Tokens that are no good are passed over: whoever sends one is a client like others.
func (k *Key) Forced(header http.Header, group string, now time.Time) (side route.Side, ok bool) {
	for _, token := range forceTokens(header) {
		if side, err := k.CheckForce(token, group, now); err == nil {
			return side, true
		}
	}
	return route.Legacy, false
}

// Asked returns the side that a request asks for by its plain name, where a policy says
// who may: ok is false where it asks for none, or for both.
func Asked(header http.Header) (side route.Side, ok bool) {
	for _, word := range forceTokens(header) {
		for _, s := range route.Sides {
			if word != s.String() {
				continue
			}
			if ok && s != side {
				return route.Legacy, false
			}
			side, ok = s, true
		}
	}
	return side, ok
}

// maxTokens bounds how many signatures a request can have checked.
const maxTokens = 8

func forceTokens(header http.Header) []string {
	var tokens []string
	for _, line := range header[ForceHeader] {
		for token := range strings.SplitSeq(line, ",") {
			tokens = append(tokens, strings.TrimSpace(token))
		}
	}
	for _, line := range header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			if value, ok := strings.CutPrefix(strings.TrimSpace(pair), ForceCookie+"="); ok {
				tokens = append(tokens, value)
			}
		}
	}
	return tokens[:min(len(tokens), maxTokens)]
}

// StripForce removes what carries force tokens from a request's header, and leaves
// every other byte of it as it is. The header's slices are not written to.
func StripForce(header http.Header) {
	delete(header, ForceHeader)
	var kept []string
	changed := false
	for _, line := range header["Cookie"] {
		stripped := stripCookie(line)
		changed = changed || stripped != line
		if stripped != "" {
			kept = append(kept, stripped)
		}
	}
	switch {
	case !changed:
	case len(kept) == 0:
		delete(header, "Cookie")
	default:
		header["Cookie"] = kept
	}
}

func stripCookie(line string) string {
	if !strings.Contains(line, ForceCookie) {
		return line
	}
	var kept []string
	pairs := strings.Split(line, ";")
	for _, pair := range pairs {
		if name, _, _ := strings.Cut(strings.TrimSpace(pair), "="); name != ForceCookie {
			kept = append(kept, pair)
		}
	}
	if len(kept) == len(pairs) {
		return line
	}
	return strings.TrimLeft(strings.Join(kept, ";"), " ")
}

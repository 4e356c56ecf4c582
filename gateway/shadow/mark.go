package shadow

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ficus/gateway/split"
)

// MarkHeader says that a request is a copy. It reads "expiry.mac": the second of Unix time
// at which the mark expires, and 128 bits of HMAC-SHA256 over it.
const MarkHeader = "Ficus-Shadow"

const (
	// markSlack is how much longer than the copy its mark lives: clocks differ.
	markSlack = time.Minute
	// maxMark is the longest that a mark may live: the longest timeout of a copy, and twice
	// the slack.
	maxMark   = 12 * time.Minute
	macLength = 16 // bytes
)

// marker signs marks and checks them.
type marker struct{ key []byte }

func newMarker(key *split.Key) marker {
	// Cohorts and force tokens are made with the same key; this one is for marks alone.
	derive := hmac.New(sha256.New, key[:])
	derive.Write([]byte("ficus shadow 1"))
	return marker{derive.Sum(nil)}
}

func (m marker) sign(until time.Time) string {
	expiry := strconv.FormatInt(until.Unix(), 10)
	return expiry + "." + base64.RawURLEncoding.EncodeToString(m.mac(expiry))
}

func (m marker) mac(expiry string) []byte {
	mac := hmac.New(sha256.New, m.key)
	mac.Write([]byte(expiry))
	return mac.Sum(nil)[:macLength]
}

func (m marker) valid(mark string, now time.Time) bool {
	expiry, given, _ := strings.Cut(mark, ".")
	mac, err := base64.RawURLEncoding.Strict().DecodeString(given)
	if err != nil || !hmac.Equal(mac, m.mac(expiry)) {
		return false
	}
	seconds, err := strconv.ParseInt(expiry, 10, 64)
	left := time.Unix(seconds, 0).Sub(now)
	return err == nil && left > 0 && left <= maxMark
}

// maxMarkLength bounds what is looked at of a header that anybody may send, in bytes.
const maxMarkLength = 64

// Marked returns the mark of a request that is a copy, nil for any other. A nil Copier
// knows none.
func (c *Copier) Marked(h http.Header) []string {
	lines := h[MarkHeader]
	if c == nil || len(lines) != 1 || len(lines[0]) > maxMarkLength || !c.mark.valid(lines[0], c.Now()) {
		return nil
	}
	return lines
}

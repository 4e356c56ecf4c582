package introspection

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"ficus/gateway/identity"
)

// A pair is one cookie, as it stood in the header. Cookies are not parsed any further:
// the monolith must be asked about the very bytes that it will be sent.
type pair struct{ name, value string }

// maxSession is how many bytes the cookies of a session may have, names included.
const maxSession = 8192

// sessionOf returns the cookies that stand for a request's session, and none where all are
// empty.
func sessionOf(header http.Header, names []string) ([]pair, error) {
	session := pairsOf(header, names)
	size, filled := 0, false
	for _, p := range session {
		size += len(p.name) + len(p.value) + len("=; ")
		filled = filled || p.value != ""
	}
	switch {
	case !filled:
		return nil, nil
	case size > maxSession:
		return nil, fmt.Errorf("session %w: its cookies have more than %d bytes", identity.ErrRefused, maxSession)
	}
	return session, nil
}

// pairsOf returns a request's cookies of the given names, in their order, duplicates too.
func pairsOf(header http.Header, names []string) []pair {
	var pairs []pair
	for _, line := range header["Cookie"] {
		for text := range strings.SplitSeq(line, ";") {
			name, value, _ := strings.Cut(text, "=")
			if name = strings.Trim(name, " \t"); slices.Contains(names, name) {
				pairs = append(pairs, pair{name, strings.Trim(value, " \t")})
			}
		}
	}
	return pairs
}

// cookieHeader returns the session as a Cookie header's value.
func cookieHeader(session []pair) string {
	var b strings.Builder
	for i, p := range session {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(p.name + "=" + p.value)
	}
	return b.String()
}

// A sessionKey stands for the whole of a session's cookies; they themselves are secrets,
// and not kept.
type sessionKey [sha256.Size]byte

func keyOf(session []pair) sessionKey {
	var text []byte
	for _, p := range session {
		text = binary.AppendUvarint(text, uint64(len(p.name)))
		text = append(text, p.name...)
		text = binary.AppendUvarint(text, uint64(len(p.value)))
		text = append(text, p.value...)
	}
	return sha256.Sum256(text)
}

// flightName names a question: one asked before the session was forgotten is another one.
func flightName(key sessionKey, stamp uint64) string {
	return string(binary.BigEndian.AppendUint64(key[:], stamp))
}

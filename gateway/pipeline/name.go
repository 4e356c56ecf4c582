package pipeline

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
)

// maxID bounds an id that a proxy gave the request, in bytes.
const maxID = 128

// idOf returns the request's id: the one that a trusted proxy has given it, if that can be
// logged and sent on as it is, else its own.
func (c *Client) idOf(r *http.Request) string {
	if given := r.Header[c.IDHeader]; c.Trusted && len(given) == 1 && isID(given[0]) {
		return given[0]
	}
	return c.requestID()
}

func isID(id string) bool {
	return id != "" && len(id) <= maxID && !strings.ContainsFunc(id, func(c rune) bool { return c <= ' ' || c > '~' })
}

// tellID puts the request's id into an answer, where that is wanted.
func (x *Exchange) tellID(to http.Header) {
	if x.id != "" {
		to[x.client.IDHeader] = []string{x.id}
	}
}

// ID returns the request's id; "" where nobody is told.
func (x *Exchange) ID() string { return x.id }

// Pseudonym returns what stands for the principal of an exchange in logs: 16 hexadecimal
// digits, the same for the same principal, that tell nobody who it is without the gateway's
// key; "" for anonymous.
func (p *Pipeline) Pseudonym(x *Exchange) string {
	if x.Principal == nil {
		return ""
	}
	hash := hmac.New(sha256.New, p.Key[:])
	hash.Write([]byte("principal\x00" + x.Principal.Source + "\x00" + x.Principal.ID))
	return hex.EncodeToString(hash.Sum(nil)[:8])
}

package sessions

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
)

// CookieSession describes sessions of Express' cookie-session: base64 of JSON in one
// cookie ("session" by default), its signature by keygrip in another ("session.sig"). Such
// a session lasts for ever, unless [Options].Issued and MaxAge end it: the expiry is
// known to the browser alone.
type CookieSession struct {
	Options
	Secrets []string // as the option keys; or the one of the option secret
	Digest  string   // keygrip's algorithm: "sha1", "sha256", "sha384", "sha512". Default: sha1
}

// Source returns the source of these sessions.
func (c CookieSession) Source() (*Source, error) {
	options, err := c.settle("cookie_session", "session", false)
	if err != nil {
		return nil, err
	}
	hash, err := digest(c.Digest, "sha1")
	if err != nil {
		return nil, err
	}
	keys, err := derive(c.Secrets, asItIs)
	if err != nil {
		return nil, err
	}
	ring := keyring{hash, base64.RawURLEncoding, keys}
	return &Source{options: options, format: cookieSessionFormat{options.Cookie, ring}}, nil
}

type cookieSessionFormat struct {
	cookie string
	keys   keyring
}

func (f cookieSessionFormat) read(_ context.Context, r *http.Request) (*Session, error) {
	text, err := cookie(r, f.cookie)
	if err != nil || text == "" {
		return nil, err
	}
	signature, err := cookie(r, f.cookie+".sig")
	if err != nil {
		return nil, err
	}
	return f.decode(text, signature)
}

func (f cookieSessionFormat) decode(text, signature string) (*Session, error) {
	if !f.keys.signed(f.cookie+"="+text, signature) {
		return nil, refused("session is not signed with a known key")
	}
	data, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil, refused("session can't be decoded")
	}
	values, err := object(data)
	if err != nil {
		return nil, err
	}
	return &Session{Values: values}, nil
}

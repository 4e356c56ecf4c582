package sessions

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Express describes sessions of express-session in Redis (connect-redis): the cookie
// ("connect.sid" by default) holds a signed id, Redis the session as JSON under "sess:"
// and the id. The expiry that the session holds counts, and Redis' own.
type Express struct {
	Options
	Redis   Redis
	Secrets []string // as the option secret
}

// Source returns the source of these sessions. Close it.
func (e Express) Source() (*Source, error) {
	options, err := e.settle("express", "connect.sid", false)
	if err != nil {
		return nil, err
	}
	keys, err := derive(e.Secrets, asItIs)
	if err != nil {
		return nil, err
	}
	store, err := e.Redis.open("sess:")
	if err != nil {
		return nil, err
	}
	ring := keyring{sha256.New, base64.RawStdEncoding, keys}
	return &Source{options: options, format: expressFormat{options.Cookie, ring, store}, store: store}, nil
}

type expressFormat struct {
	cookie string
	keys   keyring
	store  store
}

func (f expressFormat) read(ctx context.Context, r *http.Request) (*Session, error) {
	text, err := cookie(r, f.cookie)
	if err != nil || text == "" {
		return nil, err
	}
	id, err := f.id(text)
	if err != nil {
		return nil, err
	}
	data, _, err := f.store.get(ctx, id)
	if err != nil {
		return nil, err
	}
	return expressSession(data)
}

// id returns the session's id of a cookie "s:id.signature".
func (f expressFormat) id(text string) (string, error) {
	text, err := url.PathUnescape(text)
	if err != nil {
		return "", refused("session id can't be decoded")
	}
	text, isSigned := strings.CutPrefix(text, "s:")
	id, signature, ok := cutLast(text, ".")
	if !isSigned || !ok || id == "" || !f.keys.signed(id, signature) {
		return "", refused("session id is not signed with a known key")
	}
	return id, nil
}

// expressSession reads a session as connect-redis writes it.
func expressSession(data []byte) (*Session, error) {
	values, err := object(data)
	if err != nil {
		return nil, err
	}
	session := &Session{Values: values}
	expires, _ := lookup(values, "cookie.expires")
	switch v := expires.(type) {
	case nil: // as long as the browser runs
	case string:
		if session.Expires, err = time.Parse(time.RFC3339, v); err != nil {
			return nil, refused("session has an expiry that can't be read")
		}
	default:
		return nil, refused("session has an expiry that can't be read")
	}
	return session, nil
}

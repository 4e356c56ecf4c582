package sessions

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// Django describes sessions in signed cookies (django.contrib.sessions.backends.signed_cookies,
// JSON serializer, Django 3.1 or later). The cookie is "sessionid" by default, the
// maximum age two weeks, as Django's settings SESSION_COOKIE_NAME and SESSION_COOKIE_AGE.
// The user's id is at "_auth_user_id". An expiry that the application has set for one
// session counts too.
type Django struct {
	Options
	Secrets []string // SECRET_KEY, then SECRET_KEY_FALLBACKS
}

// Source returns the source of these sessions.
func (d Django) Source() (*Source, error) {
	if d.MaxAge == 0 {
		d.MaxAge = 14 * 24 * time.Hour
	}
	options, err := d.settle("django", "sessionid", true)
	if err != nil {
		return nil, err
	}
	keys, err := derive(d.Secrets, func(secret string) ([]byte, error) {
		key := sha256.Sum256([]byte("django.contrib.sessions.backends.signed_cookies" + "signer" + secret))
		return key[:], nil
	})
	if err != nil {
		return nil, err
	}
	ring := keyring{sha256.New, base64.RawURLEncoding, keys}
	return &Source{options: options, format: djangoFormat{options.Cookie, ring}}, nil
}

type djangoFormat struct {
	cookie string
	keys   keyring
}

func (f djangoFormat) read(_ context.Context, r *http.Request) (*Session, error) {
	text, err := cookie(r, f.cookie)
	if err != nil || text == "" {
		return nil, err
	}
	return f.decode(text)
}

func (f djangoFormat) decode(text string) (*Session, error) {
	s, err := unsign(text, ":", f.keys)
	if err != nil {
		return nil, err
	}
	session := &Session{}
	if session.Issued, err = base62(s.time); err != nil {
		return nil, err
	}
	if session.Values, err = s.values(); err != nil {
		return nil, err
	}
	session.Expires, err = djangoExpiry(session)
	return session, err
}

// base62 reads a time as Django writes it.
func base62(text string) (time.Time, error) {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	if text == "" || len(text) > 10 {
		return time.Time{}, refused("session says not when it was signed")
	}
	var n uint64
	for i := range len(text) {
		digit := strings.IndexByte(digits, text[i])
		if digit < 0 {
			return time.Time{}, refused("session says not when it was signed")
		}
		n = n*62 + uint64(digit)
	}
	return seconds(n)
}

// djangoExpiry is what request.session.set_expiry left: seconds, a time, or 0 for the
// end of the browser's session. Django leaves it to the browser to keep to it.
func djangoExpiry(session *Session) (time.Time, error) {
	switch v := session.Values["_session_expiry"].(type) {
	case nil:
		return time.Time{}, nil
	case json.Number:
		n, err := v.Int64()
		if err == nil && n == 0 {
			return time.Time{}, nil
		}
		if err == nil && n > 0 && n < 1<<32 {
			return session.Issued.Add(time.Duration(n) * time.Second), nil
		}
	case string:
		if t, err := time.Parse(time.RFC3339, v); err == nil {
			return t, nil
		}
	}
	return time.Time{}, refused("session has an expiry that can't be read")
}

package sessions

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Flask signs with it, as HMAC
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"time"
)

// Flask describes sessions in signed cookies (Flask's default, by itsdangerous 1.1 or
// later). The cookie is "session" by default, the maximum age 31 days, as Flask's settings
// SESSION_COOKIE_NAME and PERMANENT_SESSION_LIFETIME. With Flask-Login the user's id is
// at "_user_id". Tagged values become what JSON has: tuples lists, bytes their base64,
// UUIDs and times their texts.
type Flask struct {
	Options
	Secrets []string // SECRET_KEY, then SECRET_KEY_FALLBACKS
}

// Source returns the source of these sessions.
func (f Flask) Source() (*Source, error) {
	if f.MaxAge == 0 {
		f.MaxAge = 31 * 24 * time.Hour
	}
	options, err := f.settle("flask", "session", true)
	if err != nil {
		return nil, err
	}
	keys, err := derive(f.Secrets, func(secret string) ([]byte, error) {
		mac := hmac.New(sha1.New, []byte(secret))
		_, _ = io.WriteString(mac, "cookie-session") // never fails (hash.Hash)
		return mac.Sum(nil), nil
	})
	if err != nil {
		return nil, err
	}
	ring := keyring{sha1.New, base64.RawURLEncoding, keys}
	return &Source{options: options, format: flaskFormat{options.Cookie, ring}}, nil
}

type flaskFormat struct {
	cookie string
	keys   keyring
}

func (f flaskFormat) read(_ context.Context, r *http.Request) (*Session, error) {
	text, err := cookie(r, f.cookie)
	if err != nil || text == "" {
		return nil, err
	}
	return f.decode(text)
}

func (f flaskFormat) decode(text string) (*Session, error) {
	s, err := unsign(text, ".", f.keys)
	if err != nil {
		return nil, err
	}
	session := &Session{}
	if session.Issued, err = bigEndian(s.time); err != nil {
		return nil, err
	}
	if session.Values, err = s.values(); err != nil {
		return nil, err
	}
	for name, value := range session.Values {
		session.Values[name] = untag(value)
	}
	return session, nil
}

// bigEndian reads a time as itsdangerous writes it.
func bigEndian(text string) (time.Time, error) {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(data) == 0 || len(data) > 7 {
		return time.Time{}, refused("session says not when it was signed")
	}
	var n uint64
	for _, b := range data {
		n = n<<8 | uint64(b)
	}
	return seconds(n)
}

// untag undoes Flask's tags: an object with one name such as " t" (a tuple) stands for
// a value that JSON lacks. " di" escapes an object that looks so by itself.
func untag(value any) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = untag(v[i])
		}
	case map[string]any:
		for name, inner := range v {
			v[name] = untag(inner)
		}
		if len(v) == 1 {
			return untagOne(v)
		}
	}
	return value
}

func untagOne(object map[string]any) any {
	for name, value := range object {
		switch name {
		case " t", " b", " m", " u", " d":
			return value
		case " di":
			escaped, _ := value.(map[string]any)
			for inner, value := range escaped {
				if len(escaped) == 1 {
					return map[string]any{strings.TrimSuffix(inner, "__"): value}
				}
			}
		}
	}
	return object
}

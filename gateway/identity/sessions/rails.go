package sessions

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Rails describes sessions in encrypted cookies (the cookie store, AES-256-GCM, JSON
// serializer; Rails 5.2 or later). An expiry (expire_after) is part of what is encrypted
// and counts; without one such a session lasts for ever, unless [Options].Issued and
// MaxAge end it. With Devise the user's id is at "warden.user.user.key.0.0".
type Rails struct {
	Options          // Cookie is required: "_<application>_session"
	Secrets []string // secret_key_base, then older ones

	// Digest that keys are derived with, Rails' hash_digest_class: "sha256" (from Rails
	// 7.0 on) or "sha1". Default: sha256.
	Digest string

	// AllowNoPurpose accepts cookies that don't say which cookie they are, as Rails 5.2
	// makes them (use_cookies_with_metadata is off). Then the content of any encrypted
	// cookie of the application passes for a session.
	AllowNoPurpose bool
}

// Source returns the source of these sessions.
func (c Rails) Source() (*Source, error) {
	if c.Cookie == "" {
		return nil, errors.New("no cookie: Rails names it after the application, as _shop_session")
	}
	options, err := c.settle("rails", "", false)
	if err != nil {
		return nil, err
	}
	hash, err := digest(c.Digest, "sha256")
	if err != nil {
		return nil, err
	}
	keys, err := derive(c.Secrets, func(secret string) ([]byte, error) {
		return pbkdf2.Key(hash, secret, []byte("authenticated encrypted cookie"), 1000, 32)
	})
	if err != nil {
		return nil, err
	}
	f := railsFormat{cookie: options.Cookie, allowNoPurpose: c.AllowNoPurpose}
	for _, key := range keys {
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		f.keys = append(f.keys, aead)
	}
	return &Source{options: options, format: f}, nil
}

type railsFormat struct {
	cookie         string
	keys           []cipher.AEAD
	allowNoPurpose bool
}

func (f railsFormat) read(_ context.Context, r *http.Request) (*Session, error) {
	text, err := cookie(r, f.cookie)
	if err != nil || text == "" {
		return nil, err
	}
	return f.decode(text)
}

func (f railsFormat) decode(text string) (*Session, error) {
	text, err := url.QueryUnescape(text)
	if err != nil {
		return nil, refused("session can't be decoded")
	}
	plain, err := f.decrypt(text)
	if err != nil {
		return nil, err
	}
	message, expires, err := f.unwrap(plain)
	if err != nil {
		return nil, err
	}
	if len(message) > 1 && message[0] == 4 && message[1] == 8 {
		return nil, refused("session is in Ruby's Marshal format: only the JSON serializer can be read")
	}
	values, err := object(message)
	if err != nil {
		return nil, err
	}
	return &Session{Values: values, Expires: expires}, nil
}

// decrypt opens "data--iv--tag", each in base64. Lengths are exact: a short tag could
// be guessed.
func (f railsFormat) decrypt(text string) ([]byte, error) {
	parts := strings.Split(text, "--")
	if len(parts) != 3 || strings.ContainsAny(text, "\r\n") {
		return nil, refused("session is not in Rails' form for AES-256-GCM")
	}
	var raw [3][]byte
	for i, part := range parts {
		var err error
		if raw[i], err = base64.StdEncoding.Strict().DecodeString(part); err != nil {
			return nil, refused("session can't be decoded")
		}
	}
	data, iv, tag := raw[0], raw[1], raw[2]
	for _, key := range f.keys {
		if len(iv) != key.NonceSize() || len(tag) != key.Overhead() {
			break
		}
		sealed := append(data[:len(data):len(data)], tag...)
		if plain, err := key.Open(nil, iv, sealed, nil); err == nil {
			return plain, nil
		}
	}
	return nil, refused("session is not encrypted with a known key")
}

// unwrap takes the message out of Rails' envelope, if it is for this cookie.
func (f railsFormat) unwrap(plain []byte) (message []byte, expires time.Time, err error) {
	var envelope struct {
		Rails *struct {
			Message []byte     `json:"message"`
			Expires *time.Time `json:"exp"`
			Purpose string     `json:"pur"`
		} `json:"_rails"`
	}
	if err := json.Unmarshal(plain, &envelope); err != nil || envelope.Rails == nil {
		if !f.allowNoPurpose {
			return nil, time.Time{}, refused("session does not say which cookie it is: see allow_no_purpose")
		}
		return plain, time.Time{}, nil
	}
	if want := "cookie." + f.cookie; envelope.Rails.Purpose != want && !(f.allowNoPurpose && envelope.Rails.Purpose == "") {
		return nil, time.Time{}, fmt.Errorf("%w for %q", refused("session was made to be another cookie"), want)
	}
	if envelope.Rails.Expires != nil {
		expires = *envelope.Rails.Expires
	}
	return envelope.Rails.Message, expires, nil
}

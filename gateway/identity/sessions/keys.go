package sessions

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Express and Rails before 7.0 use it, as HMAC
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
)

// keyring checks signatures by HMAC with several keys.
type keyring struct {
	hash     func() hash.Hash
	encoding *base64.Encoding
	keys     [][]byte
}

// signed tells whether one of the keys made the signature. It is compared as text, so
// that a signature has one spelling only, and in constant time, with all the keys.
func (k keyring) signed(message, signature string) bool {
	good := 0
	for _, key := range k.keys {
		mac := hmac.New(k.hash, key)
		_, _ = io.WriteString(mac, message) // never fails (hash.Hash)
		good |= subtle.ConstantTimeCompare([]byte(k.encoding.EncodeToString(mac.Sum(nil))), []byte(signature))
	}
	return good == 1
}

// derive makes a key of each secret. An empty secret is an error: it comes from a
// variable that is not set.
func derive(secrets []string, key func(secret string) ([]byte, error)) ([][]byte, error) {
	if len(secrets) == 0 {
		return nil, errors.New("no secret")
	}
	keys := make([][]byte, len(secrets))
	for i, secret := range secrets {
		if secret == "" {
			return nil, fmt.Errorf("secret %d is empty", i+1)
		}
		var err error
		if keys[i], err = key(secret); err != nil {
			return nil, fmt.Errorf("secret %d: %w", i+1, err)
		}
	}
	return keys, nil
}

func asItIs(secret string) ([]byte, error) { return []byte(secret), nil }

// digest returns the hash of a name, and that of the default where there is none.
func digest(name, byDefault string) (func() hash.Hash, error) {
	if name == "" {
		name = byDefault
	}
	switch name {
	case "sha1":
		return sha1.New, nil
	case "sha256":
		return sha256.New, nil
	case "sha384":
		return sha512.New384, nil
	case "sha512":
		return sha512.New, nil
	}
	return nil, fmt.Errorf("unknown digest %q (known: sha1, sha256, sha384, sha512)", name)
}

package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// signer issues the tokens that clients send, RS256 as of most identity providers.
type signer struct{ key *rsa.PrivateKey }

func newSigner() (*signer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	return &signer{key}, err
}

// keys is the key set that verifies them (RFC 7517).
func (s *signer) keys() (string, error) {
	encode := base64.RawURLEncoding.EncodeToString
	text, err := json.Marshal(map[string]any{"keys": []any{map[string]string{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "bench",
		"n": encode(s.key.N.Bytes()), "e": encode(big.NewInt(int64(s.key.E)).Bytes()),
	}}})
	return string(text), err
}

// tokens returns n of them, each of another customer.
func (s *signer) tokens(n int) ([]string, error) {
	var all []string
	var failed error
	for i := range n {
		token, err := s.sign(map[string]any{
			"iss": "https://id.example.com", "aud": "shop", "sub": fmt.Sprintf("customer-%d", i), "role": "customer",
			"blocked": "none", "email": fmt.Sprintf("customer-%d@example.com", i),
			"iat": time.Now().Unix(), "exp": time.Now().Add(24 * time.Hour).Unix(),
		})
		all, failed = append(all, token), errors.Join(failed, err)
	}
	return all, failed
}

func (s *signer) sign(claims map[string]any) (string, error) {
	head, err := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": "bench"})
	body, failed := json.Marshal(claims)
	if err = errors.Join(err, failed); err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(body)
	hash := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, hash[:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), err
}

package bearer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

const hs256 = "HS256"

// methods are all that a token may be signed with.
var methods = map[string]jwt.SigningMethod{
	"RS256": jwt.SigningMethodRS256,
	"ES256": jwt.SigningMethodES256,
	"EdDSA": jwt.SigningMethodEdDSA,
	"PS256": jwt.SigningMethodPS256,
	hs256:   jwt.SigningMethodHS256,
}

// Algorithms returns what tokens may be signed with where keys are public ones.
func Algorithms() []string { return []string{"RS256", "ES256", "EdDSA", "PS256"} }

// What keys must be like, and how many there may be.
const (
	minSecret  = 32 // bytes
	minRSABits = 2048
	maxRSABits = 8192 // a larger one makes each signature costly
	maxKeys    = 100
)

// A keySet is the keys of one answer. It is never changed after it was made.
type keySet struct {
	keys map[keyID]any  // a key stands here once for each algorithm that it may be used with
	only map[string]any // by algorithm: the key, where there is only one; nil where there are more
	text string         // what it was read from, so that the same text is no new set
}

type keyID struct{ kid, alg string } // kid may be ""

func newKeySet(text []byte) *keySet {
	return &keySet{keys: map[keyID]any{}, only: map[string]any{}, text: string(text)}
}

// find returns the key that a token's kid and alg ask for. It is one key or none: keys are
// not tried out. A token without a kid, or a key without one, does where there is no
// choice.
func (s *keySet) find(kid, alg string) (key any, ok bool) {
	if kid == "" {
		key = s.only[alg]
		return key, key != nil
	}
	if key, ok = s.keys[keyID{kid, alg}]; ok {
		return key, true
	}
	if key, ok = s.keys[keyID{"", alg}]; ok && s.only[alg] != nil {
		return key, true
	}
	return nil, false
}

// add adds a key for the algorithms of its type; alg narrows them where it is not "".
func (s *keySet) add(kid, alg string, key any) error {
	algorithms, err := algorithmsOf(key)
	if err != nil {
		return err
	}
	for _, a := range algorithms {
		if alg != "" && alg != a {
			continue
		}
		_, taken := s.keys[keyID{kid, a}]
		if taken && kid != "" {
			return fmt.Errorf("two keys for %s have the id %.40q", a, kid)
		}
		s.keys[keyID{kid, a}] = key
		if _, other := s.only[a]; other {
			s.only[a] = nil
		} else {
			s.only[a] = key
		}
	}
	return nil
}

// algorithmsOf returns what a public key's type and size allow.
func algorithmsOf(key any) ([]string, error) {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return nil, fmt.Errorf("an RSA key has %d bits; %d to %d are taken", bits, minRSABits, maxRSABits)
		}
		return []string{"RS256", "PS256"}, nil
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() {
			return nil, errors.New("a key's curve is not P-256")
		}
		return []string{"ES256"}, nil
	case ed25519.PublicKey:
		return []string{"EdDSA"}, nil
	}
	return nil, errors.New("a key's type is not RSA, EC or Ed25519")
}

func secretSet(secret []byte) *keySet {
	s := newKeySet(nil)
	s.keys[keyID{"", hs256}], s.only[hs256] = secret, secret
	return s
}

// parseKeySet reads a JSON Web Key Set (RFC 7517). Keys that can't verify signatures are
// passed over, and symmetric ones above all: who publishes those publishes the secret.
// Where nothing is left, that is an error.
func parseKeySet(text []byte) (*keySet, error) {
	var document struct{ Keys []jwkset.JWKMarshal }
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, errors.New("it is no JSON Web Key Set")
	}
	if len(document.Keys) > maxKeys {
		return nil, fmt.Errorf("it has %d keys; %d are the most", len(document.Keys), maxKeys)
	}
	s := newKeySet(text)
	var why error
	for _, k := range document.Keys {
		key, err := publicKey(k)
		if err == nil {
			if _, err = algorithmsOf(key); err == nil {
				if err := s.add(k.KID, string(k.ALG), key); err != nil {
					return nil, err
				}
			}
		}
		if err != nil {
			why = errors.Join(why, err)
		}
	}
	if len(s.keys) == 0 {
		return nil, errors.Join(errors.New("it has no key that verifies signatures"), why)
	}
	return s, nil
}

func publicKey(k jwkset.JWKMarshal) (any, error) {
	switch {
	case k.KTY == jwkset.KtyOct:
		return nil, errors.New("a key is symmetric")
	case k.D != "":
		return nil, errors.New("a key is a private one")
	case k.USE != "" && k.USE != jwkset.UseSig:
		return nil, errors.New("a key is not for signatures")
	case len(k.KEYOPS) > 0 && !slices.Contains(k.KEYOPS, jwkset.KeyOpsVerify):
		return nil, errors.New("a key is not for verifying")
	}
	k.X5U, k.X5C, k.X5T, k.X5TS256 = "", nil, "", "" // the key counts, not who certifies it
	read, err := jwkset.NewJWKFromMarshal(k, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return nil, errors.New("a key is malformed or of an unknown kind")
	}
	return read.Key(), nil
}

// parsePEM reads public keys and certificates. They have no id.
func parsePEM(text []byte) (*keySet, error) {
	s := newKeySet(text)
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		key, err := parseBlock(block)
		if err != nil {
			return nil, err
		}
		if err := s.add("", "", key); err != nil {
			return nil, err
		}
	}
	if len(s.keys) == 0 {
		return nil, errors.New("it has no public key")
	}
	return s, nil
}

func parseBlock(block *pem.Block) (key crypto.PublicKey, err error) {
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var c *x509.Certificate
		if c, err = x509.ParseCertificate(block.Bytes); err == nil {
			key = c.PublicKey
		}
	default:
		return nil, fmt.Errorf("a block %q is neither a public key nor a certificate", block.Type)
	}
	return key, err
}

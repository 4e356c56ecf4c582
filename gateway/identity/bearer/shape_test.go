package bearer

import (
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
	"testing"

	"ficus/gateway/identity"
)

var shape = regexp.MustCompile(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$`)

// A token has a good shape if, and only if, each segment is what encoding its bytes gives.
func FuzzShape(f *testing.F) {
	good := sign("EdDSA", goodClaims())
	for _, seed := range []string{good, good + "=", good + ".", good[1:], "a.b.c", "AA.AA.AA", "AB.AA.AA", "..", "", "AAA.AAA.AAA", "AA.AA.A\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		want := shape.MatchString(token) && !strings.Contains(token, "\n")
		if want {
			for _, segment := range strings.Split(token, ".") {
				b, err := base64.RawURLEncoding.DecodeString(segment)
				want = want && err == nil && base64.RawURLEncoding.EncodeToString(b) == segment
			}
		}
		err := checkShape(token)
		if (err == nil) != want || err != nil && !errors.Is(err, identity.ErrRefused) {
			t.Errorf("%.100q: %v, want good: %v", token, err, want)
		}
	})
}

func TestShapeAllocatesNothing(t *testing.T) {
	good := sign("RS256", goodClaims())
	if n := testing.AllocsPerRun(100, func() { _ = checkShape(good) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Whatever is in a token, it is refused and nothing panics: none of these is signed.
func FuzzVerify(f *testing.F) {
	s := open(f, Config{KeysFile: keysFile(f, allKeys())})
	for _, alg := range Algorithms() {
		f.Add(text(header(alg)), text(goodClaims()), []byte{1})
	}
	f.Add(`{"alg":"EdDSA","kid":"ed","crit":[]}`, `{"exp":1e400}`, make([]byte, 64))
	f.Fuzz(func(t *testing.T, header, claims string, signature []byte) {
		encode := base64.RawURLEncoding.EncodeToString
		p, err := s.Verify(t.Context(), encode([]byte(header))+"."+encode([]byte(claims))+"."+encode(signature))
		if p != nil || !errors.Is(err, identity.ErrRefused) {
			t.Errorf("%v, %v", p, err)
		}
		// What is signed is either refused or says no more than it holds.
		p, err = s.Verify(t.Context(), signText(header, claims, "EdDSA", testKeys()["ed"]))
		if (p == nil) == (err == nil) || p != nil && (p.ID == "" || p.Claims["sub"] != p.ID) {
			t.Errorf("%v, %v", p, err)
		}
	})
}

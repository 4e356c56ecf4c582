package bearer

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"ficus/gateway/identity"
)

// attack is a token that must be refused, and a word of the reason: that it is refused for
// another reason would prove nothing.
type attack struct{ name, token, why string }

func claimAttacks() []attack {
	claims := func(set map[string]any) string { return sign("EdDSA", with(goodClaims(), set)) }
	raw := func(claims string) string { return signText(text(header("EdDSA")), claims, "EdDSA", testKeys()["ed"]) }
	exp := fmt.Sprint(testNow.Unix() + 300)
	rest := `"iss":"https://id.test","aud":"shop","sub":"u1"`
	return []attack{
		{"expired", claims(map[string]any{"exp": testNow.Unix() - 30}), "expired"},
		{"expired long ago", claims(map[string]any{"exp": 1}), "expired"},
		{"no exp", claims(map[string]any{"exp": nil}), "exp claim is required"},
		{"exp null", raw(`{` + rest + `,"exp":null}`), "no date"},
		{"exp text", claims(map[string]any{"exp": exp}), "no date"},
		{"exp huge", raw(`{` + rest + `,"exp":1e300}`), "no date"},
		{"exp infinite", raw(`{` + rest + `,"exp":1e999}`), "no date"},
		{"exp beyond int64", raw(`{` + rest + `,"exp":9223372036854775808}`), "no date"},
		{"exp negative", raw(`{` + rest + `,"exp":-1}`), "no date"},
		{"EXP for exp", raw(`{` + rest + `,"EXP":` + exp + `}`), "exp claim is required"},
		{"EXP overrides exp", raw(`{` + rest + `,"exp":1,"EXP":` + exp + `}`), "expired"},
		{"exp twice", raw(`{` + rest + `,"exp":1,"exp":` + exp + `}`), "twice"},
		{"exp twice, escaped", raw(`{` + rest + `,"exp":` + exp + `,"\u0065xp":` + exp + `}`), "twice"},
		{"sub twice", raw(`{` + rest + `,"exp":` + exp + `,"sub":"admin"}`), "twice"},
		{"twice within", raw(`{` + rest + `,"exp":` + exp + `,"roles":{"a":1,"a":2}}`), "twice"},
		{"future nbf", claims(map[string]any{"nbf": testNow.Unix() + 31}), "not valid yet"},
		{"nbf text", claims(map[string]any{"nbf": "now"}), "no date"},
		{"iat list", claims(map[string]any{"iat": []any{1}}), "no date"},
		{"wrong audience", claims(map[string]any{"aud": "shop2"}), "audience"},
		{"audience in other case", claims(map[string]any{"aud": "Shop"}), "audience"},
		{"no audience", claims(map[string]any{"aud": nil}), "aud"},
		{"empty audience", claims(map[string]any{"aud": ""}), "aud"},
		{"no audiences", claims(map[string]any{"aud": []any{}}), "aud"},
		{"audience object", claims(map[string]any{"aud": map[string]any{"shop": true}}), "aud"},
		{"audience number", claims(map[string]any{"aud": []any{"shop", 7}}), "audience is no text"},
		{"wrong issuer", claims(map[string]any{"iss": "https://id.test.evil.test"}), "issuer"},
		{"issuer with a slash", claims(map[string]any{"iss": "https://id.test/"}), "issuer"},
		{"no issuer", claims(map[string]any{"iss": nil}), "iss"},
		{"issuer number", claims(map[string]any{"iss": 1}), "iss"},
		{"issuer list", claims(map[string]any{"iss": []any{"https://id.test"}}), "iss"},
		{"no sub", claims(map[string]any{"sub": nil}), "subject"},
		{"empty sub", claims(map[string]any{"sub": ""}), "subject"},
		{"numeric sub", claims(map[string]any{"sub": 1}), "subject"},
		{"sub list", claims(map[string]any{"sub": []any{"u1"}}), "subject"},
		{"SUB for sub", raw(`{"iss":"https://id.test","aud":"shop","SUB":"u1","exp":` + exp + `}`), "subject"},
		{"sub with line end", claims(map[string]any{"sub": "u1\r\nX-Admin: 1"}), "subject"},
		{"sub with NUL", claims(map[string]any{"sub": "u1\x00"}), "subject"},
		{"long sub", claims(map[string]any{"sub": strings.Repeat("u", 1025)}), "subject"},
		{"claims are a list", raw(`[{` + rest + `,"exp":` + exp + `}]`), "object"},
		{"claims are two objects", raw(`{` + rest + `,"exp":` + exp + `}{}`), "no JSON"},
		{"claims are null", raw(`null`), "object"},
		{"broken UTF-8", raw(`{` + rest + `,"exp":` + exp + ",\"a\":\"\xff\"}"), "UTF-8"},
		{"deep nesting", raw(`{` + rest + `,"exp":` + exp + `,"a":` + strings.Repeat("[", 1500) + strings.Repeat("]", 1500) + `}`), "deep"},
		{"deep nesting, open", raw(strings.Repeat(`{"a":`, 1000)), "deep"},
	}
}

func headerAttacks(t *testing.T) []attack {
	ed, good := testKeys()["ed"], text(goodClaims())
	head := func(set map[string]any) string {
		return signText(text(with(header("EdDSA"), set)), good, "EdDSA", ed)
	}
	// Keys of the attacker's own, offered in the header.
	_, evil, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	evilJWK := map[string]any{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "evil",
		"x": base64.RawURLEncoding.EncodeToString(evil.Public().(ed25519.PublicKey))}
	offer := func(set map[string]any) string {
		return signText(text(with(header("EdDSA"), set)), good, "EdDSA", evil)
	}
	return []attack{
		{"crit", head(map[string]any{"crit": []any{"exp"}}), "critical"},
		{"crit b64", head(map[string]any{"crit": []any{"b64"}, "b64": false}), "critical"},
		{"empty crit", head(map[string]any{"crit": []any{}}), "critical"},
		{"crit null", signText(`{"alg":"EdDSA","kid":"ed","crit":null}`, good, "EdDSA", ed), "critical"},
		{"other typ", head(map[string]any{"typ": "secevent+jwt"}), "type"},
		{"typ JWE", head(map[string]any{"typ": "JWE"}), "type"},
		{"typ number", head(map[string]any{"typ": 1}), "type"},
		{"empty typ", head(map[string]any{"typ": ""}), "type"},
		{"alg twice", signText(`{"alg":"none","alg":"EdDSA","kid":"ed"}`, good, "EdDSA", ed), "twice"},
		{"kid twice", signText(`{"alg":"EdDSA","kid":"ed","kid":"ed"}`, good, "EdDSA", ed), "twice"},
		{"header is a list", signText(`[]`, good, "EdDSA", ed), "object"},
		{"deep header", signText(`{"alg":"EdDSA","kid":"ed","a":`+strings.Repeat("[", 100)+strings.Repeat("]", 100)+`}`, good, "EdDSA", ed), "deep"},
		{"unknown kid", head(map[string]any{"kid": "none"}), "no key"},
		{"kid is a path", head(map[string]any{"kid": "../../../../dev/null"}), "no key"},
		{"kid is SQL", head(map[string]any{"kid": "x' UNION SELECT 'secret"}), "no key"},
		{"kid is a URL", head(map[string]any{"kid": "https://evil.test/key"}), "no key"},
		{"kid with NUL", head(map[string]any{"kid": "ed\x00"}), "no key"},
		{"kid in other case", head(map[string]any{"kid": "ED"}), "no key"},
		{"empty kid", head(map[string]any{"kid": ""}), "key id"},
		{"kid number", head(map[string]any{"kid": 1}), "key id"},
		{"kid list", head(map[string]any{"kid": []any{"ed"}}), "key id"},
		{"long kid", head(map[string]any{"kid": strings.Repeat("k", 257)}), "key id"},
		{"kid of another type", head(map[string]any{"kid": "rsa"}), "no key"},
		{"no kid where there is a choice", signText(`{"alg":"RS256"}`, good, "RS256", testKeys()["rsa"]), "no key"},
		{"jwk", offer(map[string]any{"jwk": evilJWK}), "signature"},
		{"jwk with its kid", offer(map[string]any{"jwk": evilJWK, "kid": "evil"}), "no key"},
		{"jku", offer(map[string]any{"jku": "https://evil.test/keys", "kid": "evil"}), "no key"},
		{"jku with a good kid", offer(map[string]any{"jku": "https://evil.test/keys"}), "signature"},
		{"x5u", offer(map[string]any{"x5u": "https://evil.test/cert"}), "signature"},
		{"x5c", offer(map[string]any{"x5c": []any{"MIIB"}}), "signature"},
		{"b64 false", signText(`{"alg":"EdDSA","kid":"ed","b64":false}`, good, "EdDSA", evil), "signature"},
	}
}

func algorithmAttacks(t *testing.T) []attack {
	rsaKey := testKeys()["rsa"].(*rsa.PrivateKey)
	good := text(goodClaims())
	none := func(alg string) string {
		return signText(`{"alg":"`+alg+`","kid":"ed"}`, good, "HS256", []byte("x"))
	}
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(good)) + "."
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	attacks := []attack{
		{"none, unsigned", unsigned, "segment 3"},
		{"alg missing", signText(`{"kid":"ed"}`, good, "EdDSA", testKeys()["ed"]), "algorithm"},
		{"alg null", signText(`{"alg":null,"kid":"ed"}`, good, "EdDSA", testKeys()["ed"]), "algorithm"},
		{"alg list", signText(`{"alg":["EdDSA"],"kid":"ed"}`, good, "EdDSA", testKeys()["ed"]), "algorithm"},
		{"alg in other case", signText(`{"alg":"eddsa","kid":"ed"}`, good, "EdDSA", testKeys()["ed"]), "algorithm"},
		{"alg Ed25519 is not of the list", signText(`{"alg":"Ed25519","kid":"ed"}`, good, "EdDSA", testKeys()["ed"]), "algorithm"},
		{"RS512", signText(`{"alg":"RS512","kid":"rsa"}`, good, "RS512", rsaKey), "algorithm"},
		{"ES384", signText(`{"alg":"ES384","kid":"ec"}`, good, "ES384", p384), "algorithm"},
		{"RS256 with the EC key", signText(`{"alg":"RS256","kid":"ec"}`, good, "RS256", rsaKey), "no key"},
		{"RS256 says PS256", signText(`{"alg":"PS256","kid":"rsa"}`, good, "RS256", rsaKey), "signature"},
		{"ES256 in DER", derToken(t, good), "signature"},
		{"ES256 of zeros", replaceSignature(sign("ES256", goodClaims()), make([]byte, 64)), "signature"},
		{"EdDSA of zeros", replaceSignature(sign("EdDSA", goodClaims()), make([]byte, 64)), "signature"},
		{"RS256 of zeros", replaceSignature(sign("RS256", goodClaims()), make([]byte, 256)), "signature"},
		{"RS256 empty", replaceSignature(sign("RS256", goodClaims()), nil), "segment 3"},
		{"another's key", signText(`{"alg":"RS256","kid":"rsa"}`, good, "RS256", testKeys()["rsa2"]), "signature"},
	}
	for _, alg := range []string{"none", "None", "NONE", "nOnE", "none ", ""} {
		attacks = append(attacks, attack{fmt.Sprintf("alg %q", alg), none(alg), "algorithm"})
	}
	// The public key, in every form that a careless verifier could take for a secret.
	jwkText := must(json.Marshal(jwk("rsa", nil)))
	for form, secret := range map[string][]byte{
		"PEM": publicPEM("rsa"), "PEM without line end": []byte(strings.TrimSpace(string(publicPEM("rsa")))),
		"PKIX": must(x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)), "PKCS 1": x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey),
		"JWK": jwkText, "modulus": rsaKey.N.Bytes(),
	} {
		for _, kid := range []string{`,"kid":"rsa"`, ``} {
			attacks = append(attacks, attack{"HS256 with the public key as " + form + kid, signText(`{"alg":"HS256"`+kid+`}`, good, "HS256", secret), "algorithm"})
		}
	}
	return attacks
}

func shapeAttacks() []attack {
	good := sign("EdDSA", goodClaims())
	parts := strings.Split(good, ".")
	last := good[:len(good)-1]
	return []attack{
		{"huge", strings.Repeat("a", 8193), "bytes"},
		{"huge and dots", strings.Repeat(".", 1<<20), "bytes"},
		{"just dots", strings.Repeat(".", 8000), "segment"},
		{"five segments", good + ".AA.AA", "segments"},
		{"four segments", good + ".", "segments"},
		{"two segments", parts[0] + "." + parts[1], "segments"},
		{"one segment", parts[0], "segments"},
		{"no header", "." + parts[1] + "." + parts[2], "segment 1"},
		{"no claims", parts[0] + ".." + parts[2], "segment 2"},
		{"padded", good + "=", "segment 3"},
		{"padded twice", good + "==", "segment 3"},
		{"standard alphabet", parts[0] + "." + parts[1] + "." + strings.NewReplacer("-", "+", "_", "/").Replace(parts[2]+"-_"), "segment 3"},
		{"unused bits", last + string(nextDigit(good[len(good)-1])), "segment 3"},
		{"one digit too many", good + "AAA", "segment 3"},
		{"blank within", parts[0] + ". " + parts[1] + "." + parts[2], "segment 2"},
		{"line end within", parts[0] + ".\n" + parts[1] + "." + parts[2], "segment 2"},
		{"two tokens", good + "," + good, "segment"},
		{"NUL", good + "\x00", "segment 3"},
		{"JSON serialization", `{"payload":"` + parts[1] + `"}`, "segments"},
	}
}

func TestAttacks(t *testing.T) {
	// The issuer is asked by URL, so that whoever follows a header's URL is seen.
	asked := &issuer{answer: answers(200, string(allKeys()))}
	s := open(t, Config{KeysURL: "https://id.test/keys", Transport: asked})
	good := sign("EdDSA", goodClaims())
	for s.Ready() != nil {
		_, _ = s.Verify(t.Context(), good) // waits for the keys
	}
	for _, list := range [][]attack{claimAttacks(), headerAttacks(t), algorithmAttacks(t), shapeAttacks()} {
		for _, a := range list {
			t.Run(a.name, func(t *testing.T) {
				p, err := s.Identify(t.Context(), request("Bearer "+a.token))
				if p != nil || !errors.Is(err, identity.ErrRefused) || !strings.Contains(err.Error(), a.why) {
					t.Errorf("%v, %v; want a refusal with %q", p, err, a.why)
				}
				if err != nil && (strings.ContainsAny(err.Error(), "\r\n\x00") || len(a.token) > 40 && strings.Contains(err.Error(), a.token[:40])) {
					t.Errorf("%q is not safe to log", err)
				}
			})
		}
	}
	if p, err := s.Identify(t.Context(), request("Bearer "+good)); err != nil || p.ID != "u1" {
		t.Errorf("after all that, a good token: %v, %v", p, err)
	}
	if n := asked.count(); n > 2 {
		t.Errorf("the issuer was asked %d times", n)
	}
}

func TestSeveralLines(t *testing.T) {
	s := open(t, Config{KeysFile: keysFile(t, allKeys())})
	good := "Bearer " + sign("EdDSA", goodClaims())
	for _, lines := range [][]string{{good, good}, {good, "Basic dTpw"}, {"Basic dTpw", good}, {"Bearer"}, {"Bearer "}} {
		if p, err := s.Identify(t.Context(), request(lines...)); p != nil || !errors.Is(err, identity.ErrRefused) {
			t.Errorf("%d lines: %v, %v", len(lines), p, err)
		}
	}
}

func replaceSignature(token string, signature []byte) string {
	return token[:strings.LastIndexByte(token, '.')+1] + base64.RawURLEncoding.EncodeToString(signature)
}

// derToken has the signature of an EC key as X.509 has it, not as JOSE does.
func derToken(t *testing.T, claims string) string {
	token := signText(text(header("ES256")), claims, "ES256", testKeys()["ec"])
	signed := token[:strings.LastIndexByte(token, '.')]
	hash := jwt.SigningMethodES256.Hash.New()
	hash.Write([]byte(signed))
	der, err := ecdsa.SignASN1(rand.Reader, testKeys()["ec"].(*ecdsa.PrivateKey), hash.Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	return replaceSignature(token, der)
}

// nextDigit returns the digit after one, which differs in the lowest bit at least: of a
// segment's last digit that bit is unused.
func nextDigit(c byte) byte {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return digits[digit(c)|1]
}

package identity

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tell issues a "token" that tells what it was asked for.
func tell(p *Principal, g Grant) (string, error) {
	text, err := json.Marshal(map[string]any{"sub": p.ID, "aud": g.Audience, "claims": g.Claims, "extra": g.Extra})
	return string(text), err
}

func TestOutward(t *testing.T) {
	ada := &Principal{ID: "ada", Claims: map[string]any{"sub": "not this", "roles": []any{"admin", "buyer"}, "n": json.Number("7"), "f": 1.5,
		"yes": true, "none": nil, "empty": "", "object": map[string]any{}, "mixed": []any{"a", nil, json.Number("1"), false}}}
	for _, tc := range []struct {
		name   string
		config OutwardConfig
		who    *Principal
		extra  map[string]any
		in     http.Header
		want   http.Header
	}{
		{"nothing", OutwardConfig{}, ada, nil, http.Header{"A": {"b"}}, http.Header{"A": {"b"}}},
		{"token", OutwardConfig{Token: "ficus-identity", Audience: "cart", Claims: []string{"roles"}}, ada, map[string]any{"x": 1},
			http.Header{"Authorization": {"Bearer client"}, "Ficus-Identity": {"forged"}},
			http.Header{"Authorization": {"Bearer client"}, "Ficus-Identity": {`{"aud":"cart","claims":["roles"],"extra":{"x":1},"sub":"ada"}`}}},
		{"token in Authorization", OutwardConfig{Token: "authorization", Audience: "a"}, ada, nil, http.Header{"Authorization": {"Bearer client"}},
			http.Header{"Authorization": {`Bearer {"aud":"a","claims":null,"extra":null,"sub":"ada"}`}}},
		{"nobody and Authorization", OutwardConfig{Token: "Authorization", Audience: "a"}, nil, nil, http.Header{"Authorization": {"Basic dTpw"}}, http.Header{"Authorization": {"Basic dTpw"}}},
		{"nobody", OutwardConfig{Token: TokenHeader, Audience: "a", Headers: map[string]string{"X-User": "sub"}}, nil, map[string]any{"x": 1},
			http.Header{"Ficus-Identity": {"forged"}, "X-User": {"forged"}}, http.Header{}},
		{"headers", OutwardConfig{Headers: map[string]string{"x-user": "sub", "X-Roles": "roles", "X-N": "n", "X-F": "f", "X-Yes": "yes", "X-None": "none",
			"X-Empty": "empty", "X-Missing": "missing", "X-Mixed": "mixed"}}, ada, nil, http.Header{"X-None": {"forged"}, "X-Missing": {"forged"}},
			http.Header{"X-User": {"ada"}, "X-Roles": {"admin,buyer"}, "X-N": {"7"}, "X-F": {"1.5"}, "X-Yes": {"true"}, "X-Mixed": {"a,1,false"}}},
		{"a decision's claims win", OutwardConfig{Headers: map[string]string{"X-Roles": "roles", "X-User": "sub"}}, ada, map[string]any{"roles": "guest", "sub": "eve"}, http.Header{},
			http.Header{"X-Roles": {"guest"}, "X-User": {"ada"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o, err := NewOutward(tc.config, tell)
			if err != nil {
				t.Fatal(err)
			}
			if err := o.Apply(tc.in, tc.who, tc.extra); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, tc.in); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Values that a backend could take for another, or for two.
func TestRefusedValues(t *testing.T) {
	o, err := NewOutward(OutwardConfig{Headers: map[string]string{"X-A": "a"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{"a\r\nX-Admin: 1", "a\nb", "a\rb", "a\x00", "a\tb", "\x7f", "a,admin", "a;admin", " admin", "admin ", "ädmin", "a\u2028b", "a\u0085b",
		"\xff", strings.Repeat("a", 4097), map[string]any{"a": 1}, []any{"a", "b,c"}, []any{"a\n"}, []any{[]any{"a"}}, []any{map[string]any{}}, 7,
		[]any{strings.Repeat("a", 4000), strings.Repeat("b", 4000)}} {
		out := http.Header{"X-A": {"forged"}}
		if err := o.Apply(out, &Principal{ID: "u", Claims: map[string]any{"a": v}}, nil); !errors.Is(err, ErrRefused) || len(out) != 0 {
			t.Errorf("%.30q: %v, %v", v, err, out)
		}
	}
}

func TestOutwardConfig(t *testing.T) {
	for name, config := range map[string]OutwardConfig{
		"no audience":     {Token: TokenHeader},
		"no claim":        {Headers: map[string]string{"X-A": ""}},
		"no name":         {Headers: map[string]string{"": "sub"}},
		"bad name":        {Headers: map[string]string{"X A": "sub"}},
		"reserved":        {Headers: map[string]string{"cookie": "sub"}},
		"reserved token":  {Token: "Host", Audience: "a"},
		"long name":       {Headers: map[string]string{strings.Repeat("a", 64): "sub"}},
		"fold to one":     {Headers: map[string]string{"X-User": "sub", "X_User": "name"}},
		"fold with token": {Token: "X-User", Audience: "a", Headers: map[string]string{"x.user": "sub"}},
	} {
		if _, err := NewOutward(config, tell); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := NewOutward(OutwardConfig{Token: TokenHeader, Audience: "a"}, nil); err == nil {
		t.Error("a token without an issuer: no error")
	}
}

func TestTroubleOfTheIssuer(t *testing.T) {
	trouble := errors.New("no key")
	o, err := NewOutward(OutwardConfig{Token: TokenHeader, Audience: "a"}, func(*Principal, Grant) (string, error) { return "", trouble })
	if err != nil {
		t.Fatal(err)
	}
	out := http.Header{"Ficus-Identity": {"forged"}}
	if err := o.Apply(out, &Principal{ID: "u"}, nil); !errors.Is(err, trouble) || len(out) != 0 {
		t.Errorf("%v, %v", err, out)
	}
}

func BenchmarkOutward(b *testing.B) {
	o, err := NewOutward(OutwardConfig{Token: TokenHeader, Audience: "cart", Headers: map[string]string{"X-User": "sub", "X-Roles": "roles"}},
		func(*Principal, Grant) (string, error) { return "token", nil })
	if err != nil {
		b.Fatal(err)
	}
	p := &Principal{ID: "ada", Claims: map[string]any{"roles": []any{"admin", "buyer"}}}
	out := http.Header{}
	b.ReportAllocs()
	for b.Loop() {
		if err := o.Apply(out, p, nil); err != nil {
			b.Fatal(err)
		}
	}
}

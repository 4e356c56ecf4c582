package pipeline

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"ficus/gateway/identity"
	"ficus/gateway/route"
	"ficus/gateway/split"
)

// Backend, client and log get the same id; only a trusted proxy gives it.
func TestRequestID(t *testing.T) {
	const own = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
	for name, tc := range map[string]struct {
		trusted bool
		given   []string
		want    string
	}{
		"none":               {want: own},
		"of a client":        {given: []string{"mine"}, want: own},
		"of a trusted proxy": {trusted: true, given: []string{"req-7"}, want: "req-7"},
		"two":                {trusted: true, given: []string{"a", "b"}, want: own},
		"too long":           {trusted: true, given: []string{strings.Repeat("a", maxID+1)}, want: own},
		"no id":              {trusted: true, given: []string{"a b"}, want: own},
		"empty":              {trusted: true, given: []string{""}, want: own},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				leaf := &headerLeaf{}
				p, _ := inBubble(t, leaf, route.Definition{ID: "r", Match: "/"})
				defer p.Close()
				r, w, x := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder(), &Exchange{}
				if tc.given != nil {
					r.Header["X-Request-Id"] = tc.given
				}
				client := Client{Trusted: tc.trusted, RequestID: func() string { return own }, IDHeader: "X-Request-Id"}
				if err := p.Serve(w, r, client, x); err != nil {
					t.Fatal(err)
				}
				for who, got := range map[string][]string{"backend": leaf.got["X-Request-Id"], "client": w.Header()["X-Request-Id"], "log": {x.ID()}} {
					if len(got) != 1 || got[0] != tc.want {
						t.Errorf("the %s got %q, want %q", who, got, tc.want)
					}
				}
			})
		})
	}
}

// headerLeaf keeps the headers that it got, and answers with an id of its own.
type headerLeaf struct{ got http.Header }

func (*headerLeaf) Close() error { return nil }

func (l *headerLeaf) RoundTrip(r *http.Request) (*http.Response, error) {
	l.got = r.Header.Clone()
	return &http.Response{StatusCode: 200, Request: r, Header: http.Header{"X-Request-Id": {"the backend's"}}, Body: http.NoBody}, nil
}

func TestPseudonym(t *testing.T) {
	p, other := &Pipeline{Config: Config{Key: &split.Key{1}}}, &Pipeline{Config: Config{Key: &split.Key{2}}}
	of := func(p *Pipeline, source, id string) string {
		return p.Pseudonym(&Exchange{Principal: &identity.Principal{Source: source, ID: id}})
	}
	jane := of(p, "shop", "jane@example.com")
	if len(jane) != 16 || strings.Contains(jane, "jane") || jane != of(p, "shop", "jane@example.com") {
		t.Errorf("%q", jane)
	}
	if jane == of(other, "shop", "jane@example.com") || jane == of(p, "sso", "jane@example.com") || jane == of(p, "shop", "john@example.com") {
		t.Error("another key, source or principal gives the same")
	}
	if name := p.Pseudonym(&Exchange{}); name != "" {
		t.Errorf("nobody is called %q", name)
	}
}

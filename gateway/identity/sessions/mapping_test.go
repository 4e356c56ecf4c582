package sessions

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/identity"
)

// values is a session that needs no cookie.
type values string

func (v values) read(context.Context, *http.Request) (*Session, error) {
	m, err := object([]byte(v))
	return &Session{Values: m}, err
}

func identify(t *testing.T, session string, o Options) (*identity.Principal, error) {
	t.Helper()
	o, err := o.settle("test", "session", false)
	if err != nil {
		t.Fatal(err)
	}
	return (&Source{options: o, format: values(session)}).Identify(t.Context(), Request(nil))
}

func TestSubject(t *testing.T) {
	for session, want := range map[string]string{
		`{"id":"ann"}`: "ann", `{"id":7}`: "7", `{"id":-7}`: "-7", `{"id":123456789012345678901}`: "123456789012345678901",
		`{"id":"0010"}`: "0010", `{"id":"Zoë"}`: "Zoë",
		`{}`: "", `{"id":null}`: "", `{"id":""}`: "", `{"id":0}`: "", `{"id":"0"}`: "", `{"id":-0}`: "", `{"id":false}`: "",
		`{"id":true}`: "refused", `{"id":1.5}`: "refused", `{"id":1e3}`: "refused", `{"id":[1]}`: "refused", `{"id":{}}`: "refused",
		`{"id":"a\u0000b"}`: "refused", `{"id":"a\r\nb"}`: "refused", `{"id":"a\ud800"}`: "refused", `{"id":"a\u0085"}`: "refused",
		`{"id":"` + strings.Repeat("x", 256) + `"}`: "refused", "{\"id\":\"a\xff\"}": "refused",
	} {
		p, err := identify(t, session, Options{Subject: "id"})
		got := ""
		switch {
		case errors.Is(err, identity.ErrRefused):
			got = "refused"
		case err != nil:
			got = err.Error()
		case p != nil:
			got = p.ID
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", session, got, want)
		}
	}
}

func TestPaths(t *testing.T) {
	var session any
	text := `{"user":{"id":7,"roles":["a","b"],"a.b":{"c":1}},"warden.user.user.key":[[42],"x"],"x":{"y":1},"x.y":2,"d.e":{},"d":{"e":{"f":3}}}`
	if err := json.Unmarshal([]byte(text), &session); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]any{
		"user.id": 7.0, "user.roles.1": "b", "user.a.b.c": 1.0, "warden.user.user.key.0.0": 42.0, "x.y": 2.0, "d.e.f": 3.0,
		"user.roles.2": nil, "user.roles.-1": nil, "user.roles.x": nil, "user.id.x": nil, "": nil, ".": nil, "user.": nil, "nobody": nil,
	} {
		got, ok := lookup(session, path)
		if ok != (want != nil) || !cmp.Equal(got, want) {
			t.Errorf("%s: got %v, %v", path, got, ok)
		}
	}
}

func TestClaims(t *testing.T) {
	p, err := identify(t, `{"user":{"id":7,"roles":["a"],"none":null}}`, Options{Name: "shop", Subject: "user.id",
		Claims: map[string]string{"roles": "user.roles", "none": "user.none", "missing": "user.missing"}})
	want := &identity.Principal{ID: "7", Source: "shop", Claims: map[string]any{"sub": "7", "roles": []any{"a"}, "none": nil}}
	if diff := cmp.Diff(want, p); err != nil || diff != "" {
		t.Errorf("%v, (-want +got)\n%s", err, diff)
	}
}

// A session that does not say by itself when it began has a value that does.
func TestIssued(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	o := Options{Subject: "id", Issued: "at", MaxAge: time.Hour, Now: func() time.Time { return now }}
	for session, ok := range map[string]bool{
		`{"id":1,"at":1777636800}`: true, `{"id":1,"at":1777636800000}`: true, `{"id":1,"at":"1777636800"}`: true, `{"id":1,"at":1777636800.5}`: true,
		`{"id":1,"at":"2026-05-01T11:30:00Z"}`: true, `{"id":1,"at":"2026-05-01T13:30:00.000+02:00"}`: true,
		`{"id":1,"at":"2026-05-01T11:00:00Z"}`: false, `{"id":1,"at":"2026-05-01T12:02:00Z"}`: false, `{"id":1}`: false, `{"id":1,"at":null}`: false,
		`{"id":1,"at":"yesterday"}`: false, `{"id":1,"at":0}`: false, `{"id":1,"at":-5}`: false, `{"id":1,"at":1e300}`: false,
	} {
		p, err := identify(t, session, o)
		if (p != nil) != ok || !ok && !errors.Is(err, identity.ErrRefused) {
			t.Errorf("%s: got %v, %v", session, p, err)
		}
		if ok && p.Expires.After(now.Add(time.Hour+time.Minute)) {
			t.Errorf("%s: expires %v", session, p.Expires)
		}
	}
	if p, err := identify(t, `{"cart":[1]}`, o); p != nil || err != nil {
		t.Errorf("anonymous: %v, %v", p, err)
	}
}

// What would never work, or would be open, is an error at the start.
func TestBadDescriptions(t *testing.T) {
	ok := Options{Subject: "id"}
	for want, d := range map[string]interface{ Source() (*Source, error) }{
		"no secret":                      Django{Options: ok},
		"secret 2 is empty":              Flask{Options: ok, Secrets: []string{"x", ""}},
		"no cookie":                      Rails{Options: ok, Secrets: []string{"x"}},
		"no subject":                     Django{Secrets: []string{"x"}},
		"no name of a cookie":            Django{Options: Options{Subject: "id", Cookie: "a b"}, Secrets: []string{"x"}},
		"negative":                       Flask{Options: Options{Subject: "id", MaxAge: -1}, Secrets: []string{"x"}},
		"needs the path of the time":     CookieSession{Options: Options{Subject: "id", MaxAge: time.Hour}, Secrets: []string{"x"}},
		"can't be mapped":                Flask{Options: Options{Subject: "id", Claims: map[string]string{"sub": "x"}}, Secrets: []string{"x"}},
		"without a name":                 Flask{Options: Options{Subject: "id", Claims: map[string]string{"x": ""}}, Secrets: []string{"x"}},
		"unknown digest":                 CookieSession{Options: ok, Secrets: []string{"x"}, Digest: "md5"},
		"the address of Redis":           Express{Options: ok, Secrets: []string{"x"}, Redis: Redis{URL: "http://:hunter2@x"}},
		"the timeout of Redis":           PHP{Options: ok, Redis: Redis{URL: "redis://x", Timeout: -1}},
		"either in a folder or in Redis": PHP{Options: ok},
		"unknown serializer":             PHP{Options: ok, Folder: "x", Serializer: "igbinary"},
	} {
		_, err := d.Source()
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// What inflates to more than a session may have is refused, and costs no more than that.
func TestInflateIsCapped(t *testing.T) {
	bomb := deflate(t, []byte(`{"a":"`+strings.Repeat("x", maxSession)+`"}`))
	if len(bomb) > maxCookie {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	s := signed{payload: "." + base64.RawURLEncoding.EncodeToString(bomb)}
	if _, err := s.values(); !errors.Is(err, identity.ErrRefused) {
		t.Errorf("got %v", err)
	}
}

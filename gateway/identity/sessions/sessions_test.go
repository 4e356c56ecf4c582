package sessions_test

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/identity"
	"ficus/gateway/identity/sessions"
)

type described interface {
	Source() (*sessions.Source, error)
}

func source(t testing.TB, d described) *sessions.Source {
	t.Helper()
	s, err := d.Source()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// A format as the tests below want it, over what its framework has made.
type tested struct {
	folder string
	at     func(t testing.TB, v sessions.Vectors, later time.Duration) described
	users  map[string]string // vector to the id of the principal, "" for anonymous
	refuse []string          // vectors that are refused
}

// Secrets of the vectors stand in their order; what signs is the first.
var formats = map[string]tested{
	"django": {folder: "django", at: func(_ testing.TB, v sessions.Vectors, later time.Duration) described {
		return sessions.Django{Secrets: v.Secrets, Options: sessions.Options{Subject: "_auth_user_id", Now: v.Clock(later)}}
	}, users: map[string]string{"user": "42", "anonymous": "", "compressed": "42", "unicode": "42", "older key": "42", "own expiry": "42", "until the browser closes": "42"}},
	"flask": {folder: "flask", at: func(_ testing.TB, v sessions.Vectors, later time.Duration) described {
		return sessions.Flask{Secrets: v.Secrets, Options: sessions.Options{Subject: "_user_id", Now: v.Clock(later)}}
	}, users: map[string]string{"user": "42", "permanent": "42", "anonymous": "", "compressed": "42", "older key": "42", "tagged": "42"}},
	"rails": {folder: "rails", at: func(_ testing.TB, v sessions.Vectors, later time.Duration) described {
		return rails(v, later, "sha1")
	}, users: map[string]string{"user": "42", "anonymous": "", "older key": "42", "expires in an hour": "42"},
		refuse: []string{"another cookie", "no purpose", "marshal", "sha256"}},
	"rails sha256": {folder: "rails", at: func(_ testing.TB, v sessions.Vectors, later time.Duration) described {
		return rails(v, later, "")
	}, users: map[string]string{"sha256": "42"}, refuse: []string{"user"}},
	"rails without purpose": {folder: "rails", at: func(_ testing.TB, v sessions.Vectors, later time.Duration) described {
		r := rails(v, later, "sha1")
		r.AllowNoPurpose = true
		return r
	}, users: map[string]string{"user": "42", "no purpose": "42"}, refuse: []string{"another cookie", "marshal"}},
	"cookie_session": {folder: "express", at: func(_ testing.TB, v sessions.Vectors, later time.Duration) described {
		return sessions.CookieSession{Secrets: v.Secrets, Options: sessions.Options{Subject: "passport.user", Now: v.Clock(later)}}
	}, users: map[string]string{"cookie_session user": "42", "cookie_session anonymous": "", "cookie_session older key": "42"}},
	"php files": {folder: "php", at: func(t testing.TB, v sessions.Vectors, later time.Duration) described {
		return sessions.PHP{Folder: fill(t, v, later), Options: sessions.Options{Subject: "user_id"}}
	}, users: map[string]string{"files php": "42", "files anonymous": ""}, refuse: []string{"redis php"}},
	"php files, php_serialize": {folder: "php", at: func(t testing.TB, v sessions.Vectors, later time.Duration) described {
		return sessions.PHP{Folder: fill(t, v, later), Serializer: "php_serialize", Options: sessions.Options{Subject: "user_id"}}
	}, users: map[string]string{"files php_serialize": "42"}, refuse: []string{"files php"}},
	"php classes": {folder: "php", at: func(t testing.TB, v sessions.Vectors, later time.Duration) described {
		return sessions.PHP{Folder: fill(t, v, later), Options: sessions.Options{Subject: "user.id"}}
	}, users: map[string]string{"files classes": "42"}},
}

func rails(v sessions.Vectors, later time.Duration, digest string) sessions.Rails {
	return sessions.Rails{Secrets: v.Secrets, Digest: digest, Options: sessions.Options{
		Cookie: "_shop_session", Subject: "warden.user.user.key.0.0", Now: v.Clock(later)}}
}

// fill makes a folder as PHP does, of files last written some time ago.
func fill(t testing.TB, v sessions.Vectors, ago time.Duration) string {
	t.Helper()
	folder := t.TempDir()
	for _, vector := range v.Vectors {
		for name, data := range vector.Stored() {
			if !strings.HasPrefix(name, "sess_") {
				continue
			}
			path, written := filepath.Join(folder, name), time.Now().Add(-ago)
			if err := errors.Join(os.WriteFile(path, data, 0o600), os.Chtimes(path, written, written)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return folder
}

// What the frameworks have made is read as it was put in.
func TestVectors(t *testing.T) {
	for name, f := range formats {
		t.Run(name, func(t *testing.T) {
			v := sessions.LoadVectors(t, f.folder)
			s := source(t, f.at(t, v, time.Second))
			for name, id := range f.users {
				checkUser(t, s, name, v.Get(t, name), id)
			}
			for _, name := range f.refuse {
				wantRefused(t, s, name, sessions.Request(v.Get(t, name).Cookies))
			}
		})
	}
}

func checkUser(t *testing.T, s *sessions.Source, name string, vector sessions.Vector, id string) {
	t.Helper()
	r := sessions.Request(vector.Cookies)
	session, err := s.Read(t.Context(), r)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	got := map[string]any{}
	for key := range vector.Values {
		got[key] = session.Values[key]
	}
	if diff := cmp.Diff(asJSON(t, vector.Values), asJSON(t, got)); diff != "" {
		t.Errorf("%s: (-put in +read)\n%s", name, diff)
	}
	p, err := s.Identify(t.Context(), r)
	if err != nil || (p == nil) != (id == "") || p != nil && p.ID != id {
		t.Errorf("%s: got %+v, %v, want id %q", name, p, err, id)
	}
}

// asJSON makes values comparable: numbers are of one type.
func asJSON(t *testing.T, value any) any {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		t.Fatal(err)
	}
	return plain
}

func wantRefused(t *testing.T, s *sessions.Source, what string, r *http.Request) {
	t.Helper()
	p, err := s.Identify(t.Context(), r)
	if p != nil || !errors.Is(err, identity.ErrRefused) {
		t.Errorf("%s: got %+v, %v, want it refused", what, p, err)
		return
	}
	for _, c := range r.Cookies() {
		if len(c.Value) > 8 && strings.Contains(err.Error(), c.Value) {
			t.Errorf("%s: the error quotes the cookie: %v", what, err)
		}
	}
}

var firstUser = map[string]string{"django": "user", "flask": "user", "rails": "user", "cookie_session": "cookie_session user"}

// Each bit of a cookie counts, and so do its length and its number.
func TestTamperedCookies(t *testing.T) {
	for name, user := range firstUser {
		t.Run(name, func(t *testing.T) {
			f := formats[name]
			v := sessions.LoadVectors(t, f.folder)
			s, cookies := source(t, f.at(t, v, time.Second)), v.Get(t, user).Cookies
			for cookie, value := range cookies {
				for i := range len(value) {
					if value[i] == '%' || i > 0 && value[i-1] == '%' || i > 1 && value[i-2] == '%' {
						continue // another spelling of the same
					}
					changed := maps.Clone(cookies)
					changed[cookie] = value[:i] + other(value[i]) + value[i+1:]
					wantRefused(t, s, "byte changed", sessions.Request(changed))
					if i > 0 {
						changed[cookie] = value[:i]
						wantRefused(t, s, "cut off", sessions.Request(changed))
					}
				}
				for what, bad := range map[string]string{"longer": value + "A", "led": "A" + value, "huge": strings.Repeat("a", 20<<10), "only marks": ":.--.:", "padded": value + "="} {
					changed := maps.Clone(cookies)
					changed[cookie] = bad
					wantRefused(t, s, what, sessions.Request(changed))
				}
				for _, twin := range []string{cookie, "%" + hex(cookie[0]) + cookie[1:], "\xa0" + cookie, cookie + "\x85"} {
					for _, value := range []string{value, "", "x", "a b", `"`} {
						r := sessions.Request(cookies)
						r.Header.Set("Cookie", r.Header.Get("Cookie")+"; "+twin+"="+value)
						wantRefused(t, s, "twice, as "+twin, r)
						r = sessions.Request(cookies)
						r.Header.Add("Cookie", twin+"="+value)
						wantRefused(t, s, "twice in two lines", r)
					}
				}
			}
			if p, err := s.Identify(t.Context(), sessions.Request(nil)); p != nil || err != nil {
				t.Errorf("without a cookie: %v, %v", p, err)
			}
		})
	}
}

func other(c byte) string {
	if c == 'A' {
		return "B"
	}
	return "A"
}

func hex(c byte) string { return string("0123456789abcdef"[c>>4]) + string("0123456789abcdef"[c&15]) }

func TestWrongKey(t *testing.T) {
	for name, user := range firstUser {
		v := sessions.LoadVectors(t, formats[name].folder)
		v.Secrets = []string{"another", "and another"}
		wantRefused(t, source(t, formats[name].at(t, v, time.Second)), name, sessions.Request(v.Get(t, user).Cookies))
	}
}

// Sessions end as the framework says: here at the last second, and a second later.
func TestExpiry(t *testing.T) {
	for _, c := range []struct {
		format, vector string
		ends           time.Duration
	}{
		{"django", "user", 14 * 24 * time.Hour},
		{"django", "own expiry", 10 * time.Minute},
		{"django", "until the browser closes", 14 * 24 * time.Hour},
		{"flask", "user", 31 * 24 * time.Hour},
		{"rails", "expires in an hour", time.Hour},
		{"php files", "files php", 24 * time.Minute},
	} {
		t.Run(c.format+" "+c.vector, func(t *testing.T) {
			f := formats[c.format]
			v := sessions.LoadVectors(t, f.folder)
			r := sessions.Request(v.Get(t, c.vector).Cookies)
			p, err := source(t, f.at(t, v, c.ends-10*time.Second)).Identify(t.Context(), r)
			if err != nil || p == nil || p.Expires.IsZero() {
				t.Errorf("10s before its end: %+v, %v", p, err)
			}
			wantRefused(t, source(t, f.at(t, v, c.ends+10*time.Second)), "10s after its end", r)
		})
	}
	f := formats["django"]
	v := sessions.LoadVectors(t, f.folder)
	wantRefused(t, source(t, f.at(t, v, -time.Hour)), "from the future", sessions.Request(v.Get(t, "user").Cookies))
}

package introspection

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/identity"
)

func TestIdentify(t *testing.T) {
	bubble(t, func(t *testing.T, s *Source, m *monolith) {
		p, err := s.Identify(t.Context(), request("GET", "/", `a=b; sid=S1;remember="x y" ; other=secret; SID=S2`))
		if err != nil {
			t.Fatal(err)
		}
		want := &identity.Principal{ID: "ada", Source: "introspection", Claims: map[string]any{"sub": "ada", "roles": []any{"buyer"}}}
		if diff := cmp.Diff(want, p); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		// Only the session's own cookies leave, as they came.
		if diff := cmp.Diff([]string{`sid=S1; remember="x y"`}, m.cookies); diff != "" {
			t.Errorf("cookies (-want +got)\n%s", diff)
		}
	})
}

func TestNoSession(t *testing.T) {
	bubble(t, func(t *testing.T, s *Source, m *monolith) {
		for _, cookies := range []string{"", "a=b", "sid=", "sid", "SID=S1", "sid2=S1", "xsid=S1"} {
			if name := who(t, s, cookies); name != "" {
				t.Errorf("%q is %s", cookies, name)
			}
		}
		if m.count() != 0 {
			t.Errorf("asked %d times", m.count())
		}
	})
}

func TestCaches(t *testing.T) {
	bubble(t, func(t *testing.T, s *Source, m *monolith) {
		for _, step := range []struct {
			after   time.Duration
			cookies string
			who     string
			asked   int
		}{
			{0, "sid=S1", "ada", 1},
			{9 * time.Second, "sid=S1", "ada", 1},
			{time.Second, "sid=S1", "ada", 2},
			{0, "sid=S2", "bob", 3},
			{0, "sid=S1; remember=x", "ada", 4}, // the full values are the key
			{0, "sid=S1;a=b", "ada", 4},
			{0, "sid=none", "", 5},
			{time.Second, "sid=none", "", 5},
			{time.Second, "sid=none", "", 6},
		} {
			time.Sleep(step.after)
			if name := who(t, s, step.cookies); name != step.who || m.count() != step.asked {
				t.Errorf("%+v: %q, asked %d times", step, name, m.count())
			}
		}
	})
}

func TestOneFlight(t *testing.T) {
	bubble(t, func(t *testing.T, s *Source, m *monolith) {
		m.takes = time.Second
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if name := who(t, s, "sid=S1"); name != "ada" {
					t.Errorf("it is %q", name)
				}
			})
		}
		// One of them leaves, and the others do not notice.
		ctx, cancel := context.WithCancel(t.Context())
		all.Go(func() {
			if _, err := s.Identify(ctx, request("GET", "/", "sid=S1")); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		synctest.Wait()
		cancel()
		all.Wait()
		if m.count() != 1 {
			t.Errorf("asked %d times", m.count())
		}
	})
}

// Replay after logout: the session's cookie is worth nothing from the moment on at which
// the answer to the logout leaves.
func TestLogout(t *testing.T) {
	deleted := http.Header{"Set-Cookie": {"theme=dark", "sid=; Max-Age=0; Path=/"}}
	for name, answered := range map[string]func(*Source){
		"by path":           func(s *Source) { s.Answered(request("POST", "/logout", "sid=S1"), http.Header{}) },
		"by path and slash": func(s *Source) { s.Answered(request("POST", "/logout/", "sid=S1"), http.Header{}) },
		"other slash":       func(s *Source) { s.Answered(request("GET", "/login", "sid=S1"), http.Header{}) },
		"cookie deleted":    func(s *Source) { s.Answered(request("GET", "/account", "sid=S1"), deleted) },
		"cookie set": func(s *Source) {
			s.Answered(request("GET", "/", "sid=S1"), http.Header{"Set-Cookie": {"sid=S9; HttpOnly"}})
		},
		"second cookie set": func(s *Source) {
			s.Answered(request("GET", "/", "sid=S1"), http.Header{"Set-Cookie": {" remember = x"}})
		},
		"other cookies too": func(s *Source) { s.Answered(request("POST", "/logout", "a=b; sid=S1; remember=other"), http.Header{}) },
		"forget":            func(s *Source) { s.Forget(&http.Cookie{Name: "sid", Value: "S1"}) },
		"a session too long": func(s *Source) {
			s.Answered(request("POST", "/logout", "sid=S1; sid="+strings.Repeat("x", 9000)), http.Header{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *Source, m *monolith) {
				if who(t, s, "sid=S1") != "ada" || who(t, s, "remember=1; sid=S1") != "ada" || who(t, s, "sid=S2") != "bob" {
					t.Fatal("they are not logged in")
				}
				m.logout("S1")
				if who(t, s, "sid=S1") != "ada" {
					t.Fatal("nothing is remembered")
				}
				answered(s)
				if a, b := who(t, s, "sid=S1"), who(t, s, "remember=1; sid=S1"); a != "" || b != "" {
					t.Errorf("after the logout it is still %q, %q", a, b)
				}
				before := m.count()
				if who(t, s, "sid=S2") != "bob" || m.count() != before {
					t.Error("another session was forgotten")
				}
			})
		})
	}
}

func TestOtherAnswersForgetNothing(t *testing.T) {
	bubble(t, func(t *testing.T, s *Source, m *monolith) {
		who(t, s, "sid=S1")
		for _, path := range []string{"/", "/logout2", "/a/logout", "/logo"} {
			s.Answered(request("POST", path, "sid=S1"), http.Header{"Set-Cookie": {"theme=dark", "sid2=x", "SID=x"}})
		}
		if who(t, s, "sid=S1"); m.count() != 1 {
			t.Errorf("asked %d times", m.count())
		}
	})
}

// A login that keeps the session's id counts at once, though it was nobody's a moment ago.
func TestLogin(t *testing.T) {
	bubble(t, func(t *testing.T, s *Source, m *monolith) {
		if who(t, s, "sid=new") != "" {
			t.Fatal("it is logged in")
		}
		m.login("new", "eve")
		s.Answered(request("POST", "/login", "sid=new"), http.Header{})
		if name := who(t, s, "sid=new"); name != "eve" {
			t.Errorf("after the login it is %q", name)
		}
		// A fresh id, which somebody has tried before it was anybody's.
		if who(t, s, "sid=fresh") != "" {
			t.Fatal("it is logged in")
		}
		m.login("fresh", "eve")
		s.Answered(request("POST", "/x", ""), http.Header{"Set-Cookie": {"sid=fresh; Path=/"}})
		if name := who(t, s, "sid=fresh"); name != "eve" {
			t.Errorf("after the login it is %q", name)
		}
	})
}

// A logout while the monolith answers: what it had said by then is not remembered, and who
// asks after the logout does not get it either.
func TestForgetDuringFlight(t *testing.T) {
	bubble(t, func(t *testing.T, s *Source, m *monolith) {
		m.takes = time.Second
		var before, after string
		var all sync.WaitGroup
		all.Go(func() { before = who(t, s, "sid=S1") })
		synctest.Wait()
		m.logout("S1")
		s.Answered(request("POST", "/logout", "sid=S1"), http.Header{})
		all.Go(func() { after = who(t, s, "sid=S1") })
		all.Wait()
		if before != "ada" || after != "" || m.count() != 2 {
			t.Errorf("before %q, after %q, asked %d times", before, after, m.count())
		}
		if name := who(t, s, "sid=S1"); name != "" {
			t.Errorf("then it is %q", name)
		}
	})
}

// Many at once, for the race detector: after a logout nobody is anybody.
func TestForgetConcurrently(t *testing.T) {
	bubble(t, func(t *testing.T, s *Source, m *monolith) {
		for i := range 50 {
			session := fmt.Sprint("C", i)
			m.login(session, "u")
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() { who(t, s, "sid="+session) })
			}
			all.Go(func() {
				m.logout(session)
				s.Answered(request("POST", "/logout", "sid="+session), http.Header{})
				if name := who(t, s, "sid="+session); name != "" {
					t.Errorf("after the logout it is %q", name)
				}
			})
			all.Wait()
			if name := who(t, s, "sid="+session); name != "" {
				t.Errorf("then it is %q", name)
			}
		}
	})
}

func TestAnswers(t *testing.T) {
	deep := strings.Repeat(`{"user":`, 50) + strings.Repeat(`}`, 50)
	for _, tc := range []struct {
		name   string
		status int
		body   string
		who    string
		err    string
	}{
		{"text", 200, `{"user":{"id":"ada"}}`, "ada", ""},
		{"whole number", 200, `{"user":{"id":12345678901234567890}}`, "12345678901234567890", ""},
		{"zero", 200, `{"user":{"id":0}}`, "0", ""},
		{"401", 401, `{"user":{"id":"ada"}}`, "", ""},
		{"403", 403, `{"user":{"id":"ada"}}`, "", ""},
		{"redirect", 302, `{"user":{"id":"ada"}}`, "", ""},
		{"204", 204, ``, "", ""},
		{"no user", 200, `{}`, "", ""},
		{"null user", 200, `{"user":null}`, "", ""},
		{"false user", 200, `{"user":false}`, "", ""},
		{"null id", 200, `{"user":{"id":null}}`, "", ""},
		{"empty id", 200, `{"user":{"id":""}}`, "", ""},
		{"false id", 200, `{"user":{"id":false}}`, "", ""},
		{"other case", 200, `{"User":{"ID":"ada"}}`, "", ""},
		{"user is a list", 200, `{"user":[{"id":"ada"}]}`, "", ""},
		{"true", 200, `{"user":{"id":true}}`, "", "subject"},
		{"fraction", 200, `{"user":{"id":1.5}}`, "", "subject"},
		{"exponent", 200, `{"user":{"id":1e3}}`, "", "subject"},
		{"minus zero", 200, `{"user":{"id":-0}}`, "", "subject"},
		{"object", 200, `{"user":{"id":{}}}`, "", "subject"},
		{"line end", 200, `{"user":{"id":"a\r\nb"}}`, "", "subject"},
		{"long", 200, `{"user":{"id":"` + strings.Repeat("a", 1025) + `"}}`, "", "subject"},
		{"id twice", 200, `{"user":{"id":"ada","id":"bob"}}`, "", "twice"},
		{"login page", 200, `<html>`, "", "no JSON"},
		{"empty", 200, ``, "", "no JSON"},
		{"list", 200, `[]`, "", "object"},
		{"deep", 200, deep, "", "deep"},
		{"huge", 200, `{"a":"` + strings.Repeat("a", maxAnswer) + `"}`, "", "bytes"},
		{"404", 404, `{}`, "", "404"},
		{"500", 500, `{"user":{"id":"ada"}}`, "", "500"},
		{"206", 206, `{"user":{"id":"ada"}}`, "", "206"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *Source, m *monolith) {
				m.answer = says(tc.status, tc.body)
				p, err := s.Identify(t.Context(), request("GET", "/", "sid=S1"))
				if id(p) != tc.who || (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
					t.Errorf("%v, %v; want %q, %q", p, err, tc.who, tc.err)
				}
				if errors.Is(err, identity.ErrRefused) {
					t.Errorf("trouble is taken for a refusal: %v", err)
				}
			})
		})
	}
}

func TestTrouble(t *testing.T) {
	bubble(t, func(t *testing.T, s *Source, m *monolith) {
		m.takes = time.Hour
		start := time.Now()
		p, err := s.Identify(t.Context(), request("GET", "/", "sid=S1"))
		if p != nil || !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, identity.ErrRefused) || time.Since(start) != 2*time.Second {
			t.Errorf("%v, %v after %s", p, err, time.Since(start))
		}
		// Trouble is not remembered.
		m.takes = 0
		if name := who(t, s, "sid=S1"); name != "ada" {
			t.Errorf("then it is %q", name)
		}
	})
}

func TestMaxFlights(t *testing.T) {
	bubble(t, func(t *testing.T, s *Source, m *monolith) {
		m.takes = time.Second
		var all sync.WaitGroup
		for i := range 2 {
			all.Go(func() { who(t, s, fmt.Sprint("sid=X", i)) })
		}
		synctest.Wait()
		if p, err := s.Identify(t.Context(), request("GET", "/", "sid=S1")); p != nil || err == nil || errors.Is(err, identity.ErrRefused) {
			t.Errorf("%v, %v", p, err)
		}
		all.Wait()
		if name := who(t, s, "sid=S1"); name != "ada" {
			t.Errorf("then it is %q", name)
		}
	}, func(c *Config) { c.MaxFlights = 2 })
}

func TestLongSession(t *testing.T) {
	bubble(t, func(t *testing.T, s *Source, m *monolith) {
		p, err := s.Identify(t.Context(), request("GET", "/", "sid="+strings.Repeat("x", 8190)))
		if p != nil || !errors.Is(err, identity.ErrRefused) || m.count() != 0 {
			t.Errorf("%v, %v", p, err)
		}
	})
}

func TestClose(t *testing.T) {
	bubble(t, func(t *testing.T, s *Source, m *monolith) {
		m.takes = time.Hour
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := s.Identify(t.Context(), request("GET", "/", "sid=S1")); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		synctest.Wait()
		start := time.Now()
		s.Close()
		all.Wait()
		if time.Since(start) != 0 {
			t.Errorf("closing took %s", time.Since(start))
		}
		if _, err := s.Identify(t.Context(), request("GET", "/", "sid=S1")); err == nil || m.count() != 1 {
			t.Errorf("after Close: %v, asked %d times", err, m.count())
		}
	})
}

func TestConfig(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no URL":        func(c *Config) { c.URL = "" },
		"no host":       func(c *Config) { c.URL = "/api/me" },
		"no cookies":    func(c *Config) { c.Cookies = nil },
		"bad cookie":    func(c *Config) { c.Cookies = []string{"a b"} },
		"no transport":  func(c *Config) { c.Transport = nil },
		"claim sub":     func(c *Config) { c.Claims = map[string]string{"sub": "a"} },
		"no claim path": func(c *Config) { c.Claims = map[string]string{"a": ""} },
		"bad path":      func(c *Config) { c.Forget = []string{"logout"} },
	} {
		config := Config{URL: "http://a.test/", Cookies: []string{"sid"}, Transport: &monolith{}}
		change(&config)
		if _, err := New(config); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestKeysDiffer(t *testing.T) {
	seen := map[sessionKey][]pair{}
	for _, session := range [][]pair{{{"a", "b"}}, {{"ab", ""}}, {{"a", "b"}, {"a", "b"}}, {{"a", "b; a=b"}}, {{"a", "b"}, {"c", "d"}}, {{"c", "d"}, {"a", "b"}}} {
		if other, twice := seen[keyOf(session)]; twice {
			t.Errorf("%v and %v have one key", session, other)
		}
		seen[keyOf(session)] = session
	}
}

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{`{"user":{"id":"ada","roles":["a"]}}`, `{"user":{"id":7}}`, `{"user":null}`, `{"user":{"id":"a","id":"b"}}`, `[`, `{"user":{"id":1e9}}`} {
		f.Add([]byte(seed))
	}
	s, err := New(Config{URL: "http://a.test/", Cookies: []string{"sid"}, Transport: &monolith{}, Subject: "user.id", Claims: map[string]string{"roles": "user.roles"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := s.read(text)
		if err != nil {
			if p != nil || errors.Is(err, identity.ErrRefused) {
				t.Errorf("%v, %v", p, err)
			}
			return
		}
		var plain struct {
			User json.RawMessage `json:"user"`
		}
		if err := json.Unmarshal(text, &plain); err != nil {
			t.Fatalf("%q is taken, and is no JSON", text)
		}
		if p == nil {
			return
		}
		var user map[string]any
		d := json.NewDecoder(strings.NewReader(string(text)))
		d.UseNumber()
		var all map[string]any
		if err := d.Decode(&all); err != nil {
			t.Fatal(err)
		}
		user, _ = all["user"].(map[string]any)
		if p.ID == "" || fmt.Sprint(user["id"]) != p.ID || !cmp.Equal(p.Claims["roles"], user["roles"]) {
			t.Errorf("%q is %v", text, p)
		}
	})
}

// Whatever the Cookie header holds, what is sent on is some of its own bytes, of the
// session's cookies only.
func FuzzSession(f *testing.F) {
	f.Add("sid=a; b=c;sid = d ; sid")
	f.Fuzz(func(t *testing.T, line string) {
		session, err := sessionOf(http.Header{"Cookie": {line}}, []string{"sid"})
		if err != nil {
			return
		}
		for _, p := range session {
			if p.name != "sid" || strings.Contains(p.value, ";") || !strings.Contains(line, p.value) {
				t.Errorf("%q gives %q", line, p)
			}
		}
		again, err := sessionOf(http.Header{"Cookie": {cookieHeader(session)}}, []string{"sid"})
		if err != nil || !cmp.Equal(session, again, cmp.AllowUnexported(pair{})) && len(session) > 0 {
			t.Errorf("%q is %q, then %q, %v", line, session, again, err)
		}
	})
}

func BenchmarkIdentify(b *testing.B) {
	m := &monolith{sessions: map[string]string{"S1": "ada"}}
	s, err := New(Config{URL: "http://a.test/", Cookies: []string{"sid"}, Transport: m, Subject: "user.id", CacheFor: time.Hour})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	r := request("GET", "/", "theme=dark; sid=S1; csrftoken=0123456789abcdef")
	b.Run("cached", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Identify(b.Context(), r); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("answered", func(b *testing.B) {
		answer := http.Header{"Set-Cookie": {"theme=dark; Path=/"}}
		b.ReportAllocs()
		for b.Loop() {
			s.Answered(r, answer)
		}
	})
	if m.count() != 1 {
		b.Errorf("asked %d times", m.count())
	}
}

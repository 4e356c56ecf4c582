package introspection

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"ficus/gateway/identity"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A monolith knows sessions by their cookie's value, and counts questions.
type monolith struct {
	mu       sync.Mutex
	sessions map[string]string // to the user's name
	asked    int
	cookies  []string // the Cookie header of each question
	takes    time.Duration
	answer   func(*http.Request) (*http.Response, error) // instead of all that
}

func (m *monolith) RoundTrip(r *http.Request) (*http.Response, error) {
	m.mu.Lock()
	m.asked++
	m.cookies = append(m.cookies, r.Header.Get("Cookie"))
	takes, answer := m.takes, m.answer
	user := ""
	for _, c := range r.CookiesNamed("sid") {
		user = m.sessions[c.Value]
	}
	m.mu.Unlock() // what it says is what holds when it begins
	if takes > 0 {
		select {
		case <-time.After(takes):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if answer != nil {
		return answer(r)
	}
	if user == "" {
		return says(401, "")(r)
	}
	return says(200, `{"user":{"id":"`+user+`","roles":["buyer"]},"csrf":"x"}`)(r)
}

func says(status int, body string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

func (m *monolith) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asked
}

func (m *monolith) login(session, user string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sessions[session] = user
}

func (m *monolith) logout(session string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sessions, session)
}

func bubble(t *testing.T, test func(t *testing.T, s *Source, m *monolith), change ...func(*Config)) {
	synctest.Test(t, func(t *testing.T) {
		m := &monolith{sessions: map[string]string{"S1": "ada", "S2": "bob"}}
		config := Config{URL: "http://legacy.test/api/me", Cookies: []string{"sid", "remember"}, Transport: m, Subject: "user.id",
			Claims: map[string]string{"roles": "user.roles", "missing": "user.x.y"}, Forget: []string{"/logout", "/login/"}}
		for _, c := range change {
			c(&config)
		}
		s, err := New(config)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		test(t, s, m)
	})
}

func request(method, path, cookies string) *http.Request {
	r, err := http.NewRequestWithContext(context.Background(), method, "http://shop.test"+path, nil)
	if err != nil {
		panic(err)
	}
	if cookies != "" {
		r.Header.Set("Cookie", cookies)
	}
	return r
}

// who returns the name of a session's user, "" for nobody.
func who(t *testing.T, s *Source, cookies string) string {
	t.Helper()
	p, err := s.Identify(context.Background(), request("GET", "/", cookies))
	if err != nil {
		t.Errorf("%s: %v", cookies, err)
	}
	return id(p)
}

func id(p *identity.Principal) string {
	if p == nil {
		return ""
	}
	return p.ID
}

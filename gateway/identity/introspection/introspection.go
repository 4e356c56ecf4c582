// Package introspection is the source that asks the monolith who a session is: it sends
// the client's session cookies to an address of the monolith that answers with JSON about
// the user, and reads the answer by a mapping. It works with any framework.
//
// Answers are remembered for seconds only, requests of one session share one question,
// and what a request or its answer says about the session ending or changing makes it
// forgotten at once ([Source.Answered]).
//
// The address must not renew or rotate the session: its Set-Cookie would never reach the
// client.
package introspection

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/net/http/httpguts"
	"golang.org/x/sync/singleflight"

	"ficus/gateway/identity"
)

// Config says whom to ask, and how to read the answer.
type Config struct {
	Name      string            // of the source; "introspection" by default
	URL       string            // asked by GET; needed
	Host      string            // the Host to ask for; by default the URL's
	Cookies   []string          // names of the session's cookies: no other is sent; needed
	Transport http.RoundTripper // asks; needed

	// Subject and Claims are paths into the answer, names joined by dots: "user.id".
	Subject string            // a text or a whole number; "sub" by default
	Claims  map[string]string // by claim; a path that leads nowhere leaves its claim out

	// Forget are paths whose requests log in or out, such as "/login" and "/logout": their
	// answers make the session forgotten whatever else they say.
	Forget []string

	Timeout     time.Duration // of a question; 2 s by default
	CacheFor    time.Duration // how long a principal is remembered; 10 s by default, below 0 not at all
	NegativeFor time.Duration // how long a session is known to be nobody's; 2 s by default, below 0 not at all
	CacheSize   int           // how many sessions are remembered; 10,000 by default
	MaxFlights  int           // how many questions may be under way; 128 by default

	Now func() time.Time // time.Now by default; called concurrently
}

func (c *Config) setDefaults() {
	c.Name = cmp.Or(c.Name, "introspection")
	c.Subject = cmp.Or(c.Subject, "sub")
	c.Timeout = cmp.Or(c.Timeout, 2*time.Second)
	c.CacheFor = cmp.Or(c.CacheFor, 10*time.Second)
	c.NegativeFor = cmp.Or(c.NegativeFor, 2*time.Second)
	c.CacheSize = cmp.Or(c.CacheSize, 10_000)
	c.MaxFlights = cmp.Or(c.MaxFlights, 128)
	if c.Now == nil {
		c.Now = time.Now
	}
}

func (c *Config) check() error {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("introspection: the URL is no http or https URL")
	case len(c.Cookies) == 0:
		return errors.New("introspection: there is no cookie name")
	case c.Transport == nil:
		return errors.New("introspection: there is no transport to ask with")
	}
	for _, name := range c.Cookies {
		if !httpguts.ValidHeaderFieldName(name) { // both are tokens (RFC 6265, 4.1.1)
			return fmt.Errorf("introspection: %q is no name of a cookie", name)
		}
	}
	for claim, path := range c.Claims {
		if claim == "" || claim == "sub" || path == "" {
			return fmt.Errorf("introspection: the claim %q can't be %q of the answer", claim, path)
		}
	}
	for _, path := range c.Forget {
		if !strings.HasPrefix(path, "/") {
			return fmt.Errorf("introspection: %q is no path", path)
		}
	}
	return nil
}

// A Source asks who sessions are. It is safe for concurrent use.
type Source struct {
	config    Config
	cache     *otter.Cache[sessionKey, remembered]
	flights   singleflight.Group
	slots     chan struct{} // one for each question under way
	forgotten forgotten
	forget    map[string]bool // the paths of Config.Forget

	closing context.Context // ended by Close: so are the questions under way
	cancel  context.CancelFunc
	mu      sync.Mutex // held while a question begins
	running sync.WaitGroup
}

// remembered is what the monolith said about a session; nobody when principal is nil.
type remembered struct {
	principal *identity.Principal
	until     time.Time
	stamp     uint64 // of the session's cookies when the question was asked
}

var _ identity.Source = (*Source)(nil)

// New returns a source. It asks nothing yet.
func New(config Config) (*Source, error) {
	config.setDefaults()
	if err := config.check(); err != nil {
		return nil, err
	}
	cache, err := otter.New(&otter.Options[sessionKey, remembered]{MaximumSize: config.CacheSize})
	if err != nil {
		return nil, fmt.Errorf("introspection: %w", err)
	}
	s := &Source{config: config, cache: cache, slots: make(chan struct{}, config.MaxFlights), forget: map[string]bool{}}
	s.forgotten.seed = maphash.MakeSeed()
	for _, path := range config.Forget {
		s.forget[cutSlash(path)] = true
	}
	s.closing, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// Close ends the questions under way and waits for them. Identify answers with errors
// afterwards, but for sessions it remembers.
func (s *Source) Close() error {
	s.mu.Lock()
	s.cancel()
	s.mu.Unlock()
	s.running.Wait()
	return nil
}

// Identify implements [identity.Source]. It waits for the monolith where the session is
// not remembered, up to the timeout. A session that the monolith does not know is
// nobody's: it is not refused.
func (s *Source) Identify(ctx context.Context, r *http.Request) (*identity.Principal, error) {
	session, err := sessionOf(r.Header, s.config.Cookies)
	if err != nil || len(session) == 0 {
		return nil, err
	}
	// The stamp is taken first: what is learnt from here on is not older than it.
	key, stamp := keyOf(session), s.forgotten.stamp(session)
	if known, ok := s.cache.GetIfPresent(key); ok && known.stamp == stamp && s.config.Now().Before(known.until) {
		return known.principal, nil
	}
	select {
	case result := <-s.flights.DoChan(flightName(key, stamp), func() (any, error) { return s.ask(session, key, stamp) }):
		if result.Err != nil {
			return nil, result.Err
		}
		principal, _ := result.Val.(*identity.Principal)
		return principal, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// ask asks the monolith and remembers the answer. It does so on behalf of all requests
// that wait, so no client that leaves ends it.
func (s *Source) ask(session []pair, key sessionKey, stamp uint64) (*identity.Principal, error) {
	s.mu.Lock()
	if s.closing.Err() != nil {
		s.mu.Unlock()
		return nil, errors.New("introspection has ended")
	}
	s.running.Add(1)
	s.mu.Unlock()
	defer s.running.Done()
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		return nil, fmt.Errorf("introspection: %d questions are under way already", s.config.MaxFlights)
	}
	principal, err := s.question(session)
	if err != nil {
		return nil, fmt.Errorf("introspection: %w", err)
	}
	keep := s.config.CacheFor
	if principal == nil {
		keep = s.config.NegativeFor
	}
	// A session that was forgotten meanwhile has another stamp by now: what is stored here
	// is then never found good.
	if keep > 0 {
		s.cache.Set(key, remembered{principal: principal, until: s.config.Now().Add(keep), stamp: stamp})
	}
	return principal, nil
}

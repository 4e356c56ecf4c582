package bundles

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	opabundle "github.com/open-policy-agent/opa/v1/bundle"
	"go.uber.org/goleak"

	"ficus/gateway/authz"
	"ficus/gateway/route"
)

// control is a bundle server that also takes status reports and decision logs.
type control struct {
	*httptest.Server
	mu       sync.Mutex
	bundles  map[string][]byte // by path
	etags    map[string]string
	down     bool
	asked    map[string]int // by path: bundles served or found unchanged
	statuses []map[string]any
	events   []map[string]any
}

func newServer(t *testing.T) *control {
	t.Helper()
	t.Cleanup(func() { goleak.VerifyNone(t) })
	s := &control{bundles: map[string][]byte{}, etags: map[string]string{}, asked: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *control) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.down:
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.URL.Path == "/status":
		var status map[string]any
		_ = json.NewDecoder(r.Body).Decode(&status)
		s.statuses = append(s.statuses, status)
	case r.URL.Path == "/logs":
		unzipped, err := gzip.NewReader(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		var events []map[string]any
		_ = json.NewDecoder(unzipped).Decode(&events)
		s.events = append(s.events, events...)
	case s.bundles[r.URL.Path] == nil:
		w.WriteHeader(http.StatusNotFound)
	default:
		s.asked[r.URL.Path]++
		etag := s.etags[r.URL.Path]
		w.Header().Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write(s.bundles[r.URL.Path])
	}
}

// put publishes a bundle: modules by file name and data.
func (s *control) put(t testing.TB, path, revision string, modules map[string]string, data map[string]any) {
	t.Helper()
	raw := tarball(t, path, revision, modules, data)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bundles[path], s.etags[path] = raw, fmt.Sprintf("%q", revision)
}

func (s *control) set(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func (s *control) count(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[path]
}

// seen waits until the server holds what the condition wants.
func (s *control) seen(t testing.TB, what string, condition func() bool) {
	t.Helper()
	await(t, what, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return condition()
	})
}

func tarball(t testing.TB, path, revision string, modules map[string]string, data map[string]any) []byte {
	t.Helper()
	if data == nil {
		data = map[string]any{}
	}
	roots := []string{strings.TrimPrefix(path, "/")}
	b := opabundle.Bundle{Data: data, Manifest: opabundle.Manifest{Revision: revision, Roots: &roots}}
	b.Manifest.Init()
	for name, text := range modules {
		module, err := ast.ParseModule(name, text)
		if err != nil { // a broken bundle is one that no tool of OPA's would build
			module = &ast.Module{}
		}
		b.Modules = append(b.Modules, opabundle.ModuleFile{URL: name, Path: name, RelativePath: name, Raw: []byte(text), Parsed: module})
	}
	var raw bytes.Buffer
	if err := opabundle.NewWriter(&raw).DisableFormat(true).Write(b); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}

// remote is one that a test runs, and all that it told.
type remote struct {
	*Remote
	t    *testing.T
	mu   sync.Mutex
	told []told
}

type told struct {
	set      *authz.Set
	problems route.Problems
}

func start(t *testing.T, config string, s *control) *remote {
	t.Helper()
	r := &remote{t: t}
	var err error
	r.Remote, err = Start(t.Context(), Config{
		Text: []byte(strings.ReplaceAll(config, "URL", s.URL)), ID: "test",
		Changed: func(set *authz.Set, problems route.Problems) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.told = append(r.told, told{set, problems})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.look()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		r.Close(ctx)
	})
	return r
}

func (r *remote) last() told {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.told) == 0 {
		return told{}
	}
	return r.told[len(r.told)-1]
}

// look has OPA look for news at once.
func (r *remote) look() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	_ = r.Look(ctx) // what fails is told
}

// awaitRevision waits until bundles of the revision decide.
func (r *remote) awaitRevision(bundle, revision string) {
	r.t.Helper()
	await(r.t, "revision "+revision, func() bool { return r.Revisions()[bundle] == revision })
}

// awaitProblem waits until a problem with the text is told.
func (r *remote) awaitProblem(text string) {
	r.t.Helper()
	defer func() {
		if r.t.Failed() {
			r.t.Log(r.last().problems.Text())
		}
	}()
	await(r.t, "problem "+text, func() bool { return strings.Contains(r.last().problems.Text(), text) })
}

func await(t testing.TB, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-limit.C:
			t.Errorf("waited 20 s in vain: %s", what)
			return
		}
	}
}

func (r *remote) decide(policy string, in authz.Input) authz.Decision {
	return r.Set().Within(time.Minute).Decide(r.t.Context(), policy, &in)
}

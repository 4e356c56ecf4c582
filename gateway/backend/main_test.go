package backend

import (
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"ficus/gateway/route"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is all backends of a test: it answers by host, and counts.
type world struct {
	mu     sync.Mutex
	status map[string]int // by host, else by host and path; 0 is no answer
	asked  map[string]int // by host, health checks aside
	checks map[string]int // by host
	closed int
}

func newWorld() *world {
	return &world{status: map[string]int{}, asked: map[string]int{}, checks: map[string]int{}}
}

// says sets what a host answers, or, with a path after it, what that is answered.
func (w *world) says(host string, status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status[host] = status
}

func (w *world) count(host string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[host]
}

func (w *world) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.asked)
}

func (w *world) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed++
	return nil
}

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	host := r.URL.Host
	status, known := w.status[host+r.URL.Path]
	if !known {
		if status, known = w.status[host]; !known {
			status = 200
		}
	}
	if r.Header.Get("User-Agent") == "ficus-health" {
		w.checks[host]++
	} else {
		w.asked[host]++
	}
	if status == 0 {
		return nil, errors.New("connection refused")
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("")), Header: http.Header{}}, nil
}

// registry returns a registry whose backends are all in this world; its dice always fall
// the same way.
func (w *world) registry() *Registry {
	dice := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	return NewRegistry(Config{
		NewLeaf: func(route.Backend) (Leaf, error) { return w, nil },
		Random: func(n int) int {
			mu.Lock()
			defer mu.Unlock()
			return dice.IntN(n)
		},
	})
}

// hold returns the backend of a definition; the set is for the test to release.
func hold1(t testing.TB, r *Registry, d route.Backend) (*Backend, *Set) {
	t.Helper()
	set, problems := r.Hold([]route.Backend{d})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	return set.Get(d.Name), set
}

// do makes one call of one try, reads and closes its answer, and returns its status, or
// 0 with an error.
func do(t testing.TB, b *Backend) (int, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", "http://x/", nil)
	if err != nil {
		t.Fatal(err)
	}
	call, err := b.Admit(r.Context(), false)
	if err != nil {
		return 0, err
	}
	response, err := call.Try(r)
	call.Finish(response, err)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

func many(t testing.TB, b *Backend, n int) {
	t.Helper()
	for range n {
		_, _ = do(t, b)
	}
}

package backend

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"ficus/gateway/route"
)

// fakeLeaf answers every request with the host it went to, and keeps the body open.
type fakeLeaf struct {
	closed int
	fail   bool
	body   io.ReadCloser
}

func (l *fakeLeaf) Close() error { l.closed++; return nil }

func (l *fakeLeaf) RoundTrip(r *http.Request) (*http.Response, error) {
	if l.fail {
		return nil, errors.New("refused")
	}
	body := l.body
	if body == nil {
		body = io.NopCloser(strings.NewReader(""))
	}
	return &http.Response{StatusCode: 200, Body: body, Header: http.Header{"X-Went-To": {r.URL.Scheme + "://" + r.URL.Host}}}, nil
}

// newRegistry has leaves made by newLeaf.
func newRegistry(newLeaf func(route.Backend) (Leaf, error)) *Registry {
	return NewRegistry(Config{NewLeaf: newLeaf, Random: rand.IntN})
}

// held returns the backend of a definition, with one leaf, until the test ends.
func held(t testing.TB, d route.Backend, leaf Leaf) *Backend {
	t.Helper()
	set, problems := newRegistry(func(route.Backend) (Leaf, error) { return leaf, nil }).Hold([]route.Backend{d})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	t.Cleanup(set.Release)
	return set.Get(d.Name)
}

func definition(name string, addresses ...string) route.Backend {
	return route.Backend{Name: name, Addresses: addresses}
}

func get(t *testing.T, b *Backend) *http.Response {
	t.Helper()
	response, err := b.RoundTrip(httptest.NewRequest("GET", "/", nil))
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func TestRegistrySharesAndCloses(t *testing.T) {
	var leaves []*fakeLeaf
	r := newRegistry(func(route.Backend) (Leaf, error) {
		leaves = append(leaves, &fakeLeaf{})
		return leaves[len(leaves)-1], nil
	})

	cart := definition("cart", "http://a:1")
	first, _ := r.Hold([]route.Backend{cart, definition("legacy", "http://l:1")})
	moved := cart
	moved.Origin = route.Origin{File: "elsewhere.yaml", Line: 7}
	second, _ := r.Hold([]route.Backend{moved, definition("legacy", "http://l:2")})
	if first.Get("cart") != second.Get("cart") {
		t.Error("a backend whose definition did not change was made anew")
	}
	if first.Get("legacy") == second.Get("legacy") {
		t.Error("a backend whose address changed was kept")
	}
	first.Release()
	first.Release()
	if got := []int{leaves[0].closed, leaves[1].closed, leaves[2].closed}; fmt.Sprint(got) != "[0 1 0]" {
		t.Errorf("closed %v, want only the old legacy", got)
	}
	get(t, first.Get("legacy")) // a request of the old table still ends
	second.Release()
	if leaves[0].closed != 1 || leaves[2].closed != 1 || len(r.backends.held) != 0 {
		t.Errorf("not all is closed: %+v, %d held", leaves, len(r.backends.held))
	}
}

func TestHoldIsAllOrNothing(t *testing.T) {
	leaf := &fakeLeaf{}
	r := newRegistry(func(b route.Backend) (Leaf, error) {
		if b.Name == "bad" {
			return nil, errors.New("no such version")
		}
		return leaf, nil
	})
	bad := definition("bad", "http://b:1")
	bad.Origin.File = "routes/bad.yaml"
	set, problems := r.Hold([]route.Backend{definition("good", "http://a:1"), bad})
	if set != nil || len(problems) != 1 || problems[0].Path != "backends.bad.transport" || problems[0].Origin.File != "routes/bad.yaml" {
		t.Errorf("got %v, %+v", set, problems)
	}
	if leaf.closed != 1 || len(r.backends.held) != 0 {
		t.Errorf("the good backend is still held: closed %d, held %d", leaf.closed, len(r.backends.held))
	}
}

func TestRoundRobin(t *testing.T) {
	d := definition("cart", "http://a:1", "https://b:2", "http://c:3")
	d.Balance = route.RoundRobin
	b := held(t, d, &fakeLeaf{})
	seen := map[string]int{}
	for range 30 {
		seen[get(t, b).Header.Get("X-Went-To")]++
	}
	if want := map[string]int{"http://a:1": 10, "https://b:2": 10, "http://c:3": 10}; fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", seen, want)
	}
}

func TestLeastRequestsAvoidsTheBusyAddress(t *testing.T) {
	b := held(t, definition("cart", "http://a:1", "http://b:1"), &fakeLeaf{})
	busy := get(t, b) // its body stays open, so its address is in use
	for range 50 {
		response := get(t, b)
		if response.Header.Get("X-Went-To") == busy.Header.Get("X-Went-To") {
			t.Fatal("chose the address with a request in flight over the free one")
		}
		response.Body.Close()
	}
	busy.Body.Close()
	busy.Body.Close()
	for _, a := range b.members {
		if n := a.inFlight.Load(); n != 0 {
			t.Errorf("%s: %d in flight after all bodies were closed", a.host, n)
		}
	}
}

func TestFailedRequestIsNotInFlight(t *testing.T) {
	b := held(t, definition("cart", "http://a:1", "http://b:1"), &fakeLeaf{fail: true})
	if _, err := b.RoundTrip(httptest.NewRequest("GET", "/", nil)); err == nil {
		t.Fatal("no error")
	}
	if n := b.members[0].inFlight.Load() + b.members[1].inFlight.Load(); n != 0 {
		t.Errorf("%d in flight", n)
	}
}

func TestUpgradedBodyStaysWritable(t *testing.T) {
	type readWriteCloser struct {
		io.ReadCloser
		io.Writer
	}
	leaf := &fakeLeaf{body: readWriteCloser{io.NopCloser(strings.NewReader("")), io.Discard}}
	b := held(t, definition("cart", "http://a:1", "http://b:1"), leaf)
	if _, ok := get(t, b).Body.(io.ReadWriteCloser); !ok {
		t.Error("a websocket through a backend with two addresses could not be written to")
	}
}

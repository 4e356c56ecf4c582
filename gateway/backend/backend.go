package backend

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"

	"ficus/gateway/route"
)

// A Backend is a named destination. It is safe for concurrent use.
type Backend struct {
	name      string
	addresses []*address
	balance   route.Balance
	leaf      Leaf
	random    func(n int) int
	next      atomic.Uint64 // for round robin
}

// address is one place where the backend listens.
type address struct {
	scheme, host string
	inFlight     atomic.Int64 // requests whose response body is not closed
}

func newBackend(definition route.Backend, leaf Leaf, random func(n int) int) *Backend {
	b := &Backend{name: definition.Name, balance: definition.Balance, leaf: leaf, random: random}
	for _, text := range definition.Addresses {
		u, err := url.Parse(text)
		if err != nil {
			// routetable.CheckBackend has refused what is no URL.
			panic(fmt.Sprintf("backend: address %q: %v", text, err))
		}
		b.addresses = append(b.addresses, &address{scheme: u.Scheme, host: u.Host})
	}
	return b
}

// Name returns the backend's name.
func (b *Backend) Name() string { return b.name }

// RoundTrip sends the request to one of the backend's addresses, which it writes
// into scheme and host of the request's URL. The Host that the backend sees
// stays the request's own.
func (b *Backend) RoundTrip(r *http.Request) (*http.Response, error) {
	a := b.choose()
	r.URL.Scheme, r.URL.Host = a.scheme, a.host
	if len(b.addresses) == 1 {
		return b.leaf.RoundTrip(r) // nobody asks how many are in flight
	}
	a.inFlight.Add(1)
	response, err := b.leaf.RoundTrip(r)
	if err != nil {
		a.inFlight.Add(-1)
		return nil, err
	}
	response.Body = countBody(response.Body, func() { a.inFlight.Add(-1) })
	return response, nil
}

func (b *Backend) choose() *address {
	n := len(b.addresses)
	switch {
	case n == 1:
		return b.addresses[0]
	case b.balance == route.RoundRobin:
		return b.addresses[b.next.Add(1)%uint64(n)]
	}
	// Two random choices: nearly as even as asking all, without the herd that runs
	// to the one address that looked best (Mitzenmacher 2001).
	i := b.random(n)
	j := b.random(n - 1)
	if j >= i {
		j++
	}
	if b.addresses[j].inFlight.Load() < b.addresses[i].inFlight.Load() {
		return b.addresses[j]
	}
	return b.addresses[i]
}

// countBody calls done once, when the body is closed. The body of a 101 answer
// can be written to, and httputil.ReverseProxy asks for that.
func countBody(body io.ReadCloser, done func()) io.ReadCloser {
	counted := &countedBody{ReadCloser: body, done: sync.OnceFunc(done)}
	if w, ok := body.(io.Writer); ok {
		return struct {
			*countedBody
			io.Writer
		}{counted, w}
	}
	return counted
}

type countedBody struct {
	io.ReadCloser
	done func()
}

func (b *countedBody) Close() error {
	defer b.done()
	return b.ReadCloser.Close()
}

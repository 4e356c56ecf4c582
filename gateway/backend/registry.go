// Package backend holds the destinations that requests are forwarded to: their
// addresses, the balancing over them, one transport for each, and what keeps a backend
// that fails from being asked, and one that is slow from being flooded.
//
// A request is a [Call]: admitted once by bulkhead and breaker, tried at one address or,
// one after the other, at several, and finished once.
//
// A table only names backends. The [Registry] holds them by what their definition says and
// counts who uses them, part by part: connections by address and transport, the breaker by
// its settings, and so on. So what an edit of the table does not touch goes on over it, as
// over any Caddy reload.
//
// How bytes reach an address is a [Leaf], which the caller supplies: in the
// product it is Caddy's http transport module.
package backend

import (
	"fmt"
	"net/http"
	"sync"

	"ficus/gateway/backend/breaker"
	"ficus/gateway/change"
	"ficus/gateway/route"
)

// A Leaf sends requests to one address, the one that their URL names as [route.Target]
// says. RoundTrip is called
// concurrently. Close is called once, when the address is in no table any more; requests
// in flight then still end as usual, and idle connections are dropped.
type Leaf interface {
	http.RoundTripper
	Close() error
}

// Config is what a registry works with; all fields but the last are required.
type Config struct {
	// NewLeaf makes the transport of one of the backend's addresses, when its first user
	// comes.
	NewLeaf func(route.Backend) (Leaf, error)

	// Random returns a number from 0 to n-1 and is called concurrently: math/rand/v2's
	// IntN will do.
	Random func(n int) int

	Changes *change.Recorder // told of breakers and addresses; nil: nobody wants to know
}

// A Registry holds the backends in use. It is safe for concurrent use.
type Registry struct {
	Config

	mu        sync.Mutex
	backends  pool[*holding]
	addresses pool[*address]
	checks    pool[*check]
	breakers  pool[*breaker.Breaker]
	bulkheads pool[*bulkhead]
	ledgers   pool[*ledger]
	latest    map[string]*holding // by name: what was held last
}

// holding is a backend with what it takes to give its parts back.
type holding struct {
	backend *Backend
	give    []func()
}

// NewRegistry returns an empty registry.
func NewRegistry(config Config) *Registry {
	return &Registry{Config: config, latest: map[string]*holding{}}
}

// A Set is the backends of one table, held until it is released.
type Set struct {
	registry *Registry
	byName   map[string]*Backend
	keys     []key
}

// Hold returns the backends of the definitions and keeps them until the set is
// released. Backends that are held already are shared. A definition whose
// transport can't be made is a problem, and then nothing is held.
func (r *Registry) Hold(definitions []route.Backend) (*Set, route.Problems) {
	r.mu.Lock()
	defer r.mu.Unlock()
	set := &Set{registry: r, byName: make(map[string]*Backend, len(definitions))}
	held := make(map[string]*holding, len(definitions))
	var problems route.Problems
	for _, definition := range definitions {
		said := definition
		said.Origin = route.Origin{} // not where it is written
		k := keyOf(said.Name, said)
		h, err := r.backends.take(k, func() (*holding, error) { return r.assemble(definition) })
		if err != nil {
			problems = append(problems, transportProblem(definition, err))
			continue
		}
		set.keys = append(set.keys, k)
		set.byName[definition.Name], held[definition.Name] = h.backend, h
	}
	if len(problems) > 0 {
		r.release(set)
		return nil, problems
	}
	for name, h := range held {
		r.latest[name] = h
	}
	return set, nil
}

// Get returns the backend of that name, or nil.
func (s *Set) Get(name string) *Backend { return s.byName[name] }

// Release gives the set's backends back; of those that nobody else holds, health checks
// end and idle connections close. Requests that still use them end as usual. A second call
// does nothing.
func (s *Set) Release() {
	s.registry.mu.Lock()
	defer s.registry.mu.Unlock()
	s.registry.release(s)
}

func (r *Registry) release(s *Set) {
	for _, k := range s.keys {
		h, last := r.backends.give(k)
		if !last {
			continue
		}
		h.giveBack()
		if name := h.backend.name; r.latest[name] == h {
			r.forget(name)
		}
	}
	s.keys = nil
}

// forget lets another backend of that name be the latest, if any is left.
func (r *Registry) forget(name string) {
	delete(r.latest, name)
	for _, s := range r.backends.held {
		if s.value.backend.name == name {
			r.latest[name] = s.value
		}
	}
}

func (h *holding) giveBack() {
	for i := len(h.give) - 1; i >= 0; i-- {
		h.give[i]()
	}
}

func transportProblem(definition route.Backend, err error) route.Problem {
	return route.Problem{
		Code: route.CodeValue, Origin: route.Origin{File: definition.Origin.File},
		Path:    fmt.Sprintf("backends.%s.transport", definition.Name),
		Message: fmt.Sprintf("the transport of the backend %q can't be made: %v", definition.Name, err),
	}
}

// Package backend holds the destinations that requests are forwarded to: their
// addresses, the balancing over them, and one transport for each.
//
// A table only names backends. The [Registry] holds them by the hash of their
// definition and counts who uses them, so that a backend whose definition did not
// change keeps its connections over any table edit and any Caddy reload.
//
// How bytes reach an address is a [Leaf], which the caller supplies: in the
// product it is Caddy's http transport module.
package backend

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"ficus/gateway/route"
)

// A Leaf sends one request to the address that its URL names. RoundTrip is called
// concurrently. Close is called once, when nobody will send any more; requests in
// flight then still end as usual, and idle connections are dropped.
type Leaf interface {
	http.RoundTripper
	Close() error
}

// A Registry holds the backends in use. It is safe for concurrent use.
type Registry struct {
	newLeaf func(route.Backend) (Leaf, error)
	random  func(n int) int

	mu   sync.Mutex
	held map[[32]byte]*holding
}

type holding struct {
	backend *Backend
	leaf    Leaf
	users   int
}

// NewRegistry returns an empty registry. newLeaf makes the transport of a backend
// when its first user comes; random returns a number from 0 to n-1 and is called
// concurrently (math/rand/v2's IntN will do).
func NewRegistry(newLeaf func(route.Backend) (Leaf, error), random func(n int) int) *Registry {
	return &Registry{newLeaf: newLeaf, random: random, held: map[[32]byte]*holding{}}
}

// A Set is the backends of one table, held until it is released.
type Set struct {
	registry *Registry
	byName   map[string]*Backend
	keys     [][32]byte
}

// Hold returns the backends of the definitions and keeps them until the set is
// released. Backends that are held already are shared. A definition whose
// transport can't be made is a problem, and then nothing is held.
func (r *Registry) Hold(definitions []route.Backend) (*Set, route.Problems) {
	r.mu.Lock()
	defer r.mu.Unlock()
	set := &Set{registry: r, byName: make(map[string]*Backend, len(definitions))}
	var problems route.Problems
	for _, definition := range definitions {
		key := keyOf(definition)
		h := r.held[key]
		if h == nil {
			leaf, err := r.newLeaf(definition)
			if err != nil {
				problems = append(problems, transportProblem(definition, err))
				continue
			}
			h = &holding{backend: newBackend(definition, leaf, r.random), leaf: leaf}
			r.held[key] = h
		}
		h.users++
		set.keys = append(set.keys, key)
		set.byName[definition.Name] = h.backend
	}
	if len(problems) > 0 {
		r.release(set)
		return nil, problems
	}
	return set, nil
}

// Get returns the backend of that name, or nil.
func (s *Set) Get(name string) *Backend { return s.byName[name] }

// Release gives the set's backends back; those that nobody else holds are closed.
// Requests that still use them end as usual. A second call does nothing.
func (s *Set) Release() {
	s.registry.mu.Lock()
	defer s.registry.mu.Unlock()
	s.registry.release(s)
}

func (r *Registry) release(s *Set) {
	for _, key := range s.keys {
		h := r.held[key]
		if h.users--; h.users == 0 {
			delete(r.held, key)
			_ = h.leaf.Close() // nothing to be done about it, and nobody waits
		}
	}
	s.keys = nil
}

// keyOf hashes what a definition says, not where it is written.
func keyOf(definition route.Backend) [32]byte {
	definition.Origin = route.Origin{}
	text, err := json.Marshal(definition)
	if err != nil {
		// routetable.CheckBackend has refused a transport that is no JSON.
		panic("backend: a definition that can't be hashed: " + err.Error())
	}
	return sha256.Sum256(text)
}

func transportProblem(definition route.Backend, err error) route.Problem {
	return route.Problem{
		Code: route.CodeValue, Origin: route.Origin{File: definition.Origin.File},
		Path:    fmt.Sprintf("backends.%s.transport", definition.Name),
		Message: fmt.Sprintf("the transport of the backend %q can't be made: %v", definition.Name, err),
	}
}

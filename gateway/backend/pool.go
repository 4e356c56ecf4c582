package backend

import (
	"crypto/sha256"
	"encoding/json"
)

// key is the hash of what makes two things different.
type key [sha256.Size]byte

func keyOf(parts ...any) key {
	text, err := json.Marshal(parts)
	if err != nil {
		// routetable.CheckBackend has refused a transport that is no JSON.
		panic("backend: a definition that can't be hashed: " + err.Error())
	}
	return sha256.Sum256(text)
}

// pool shares what has the same key, and counts its users. It stands under the registry's
// lock.
type pool[T any] struct {
	held map[key]*shared[T]
}

type shared[T any] struct {
	value T
	users int
}

// has reports whether anybody uses the key.
func (p *pool[T]) has(k key) bool { return p.held[k] != nil }

// take returns what is held by the key, or makes it.
func (p *pool[T]) take(k key, create func() (T, error)) (T, error) {
	s := p.held[k]
	if s == nil {
		value, err := create()
		if err != nil {
			return value, err
		}
		if p.held == nil {
			p.held = map[key]*shared[T]{}
		}
		s = &shared[T]{value: value}
		p.held[k] = s
	}
	s.users++
	return s.value, nil
}

// give ends one use, and reports whether it was the last one.
func (p *pool[T]) give(k key) (value T, last bool) {
	s := p.held[k]
	if s.users--; s.users == 0 {
		delete(p.held, k)
	}
	return s.value, s.users == 0
}

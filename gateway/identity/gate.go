package identity

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// A Gate is all that is configured about identity. It is immutable and safe for
// concurrent use; a nil Gate knows nobody.
type Gate struct {
	Sources  []Named   // in the order in which they are asked
	Stripper *Stripper // of what clients must not send, beside what the gateway tells; may be nil
}

// Watcher is a source that has to know of answers: they may end a session.
type Watcher interface {
	// Answered is told of an answer before the client has a byte of it, and of the request
	// as the client sent it. It must not wait.
	Answered(r *http.Request, answer http.Header)
}

// Answered tells the sources of an answer.
func (g *Gate) Answered(r *http.Request, answer http.Header) {
	if g == nil {
		return
	}
	for _, s := range g.Sources {
		if w, ok := s.Source.(Watcher); ok {
			w.Answered(r, answer)
		}
	}
}

// Strip removes what clients must not send.
func (g *Gate) Strip(r *http.Request) {
	if g != nil && g.Stripper != nil {
		g.Stripper.Strip(r)
	}
}

// Has reports whether a source of that name is configured.
func (g *Gate) Has(name string) bool {
	return g != nil && slices.ContainsFunc(g.Sources, func(s Named) bool { return s.Name == name })
}

// Named is a source by the name that routes call it.
type Named struct {
	Name string
	Source
}

// Identify asks the named sources, or all of them where none is named, in their order
// until one knows. The error says why no source knows although credentials were sent:
// the request is anonymous all the same.
func (g *Gate) Identify(r *http.Request, names []string) (*Principal, error) {
	if g == nil {
		return nil, nil
	}
	var failures []error
	ask := func(s Named) *Principal {
		p, err := s.Identify(r.Context(), r)
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", s.Name, err))
			return nil
		}
		return p
	}
	if names == nil {
		for _, s := range g.Sources {
			if p := ask(s); p != nil {
				return p, nil
			}
		}
	}
	for _, name := range names {
		if i := slices.IndexFunc(g.Sources, func(s Named) bool { return s.Name == name }); i >= 0 {
			if p := ask(g.Sources[i]); p != nil {
				return p, nil
			}
		}
	}
	return nil, errors.Join(failures...)
}

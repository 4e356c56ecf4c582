// Package identity are the Caddy modules "ficus.identity.*": sources that tell who asks,
// beside the session formats of "ficus.sessions.*". The work is done by the packages
// below gateway/identity.
package identity

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"

	"ficus/gateway/identity"
	"ficus/modules/internal/later"
)

func init() {
	caddy.RegisterModule(Bearer{})
	caddy.RegisterModule(Introspection{})
}

// resolve replaces placeholders. Their values are in no error and in no log.
func resolve(text string) string { return caddy.NewReplacer().ReplaceKnown(text, "") }

func resolveAll(texts []string) []string {
	resolved := make([]string, len(texts))
	for i, text := range texts {
		resolved[i] = resolve(text)
	}
	return resolved
}

// closing is a source that has something to close.
type closing interface {
	identity.Source
	Close() error
}

// module is what the modules have in common.
type module struct {
	name   string
	source closing
	idle   func() // closes the connections of the transport
}

// Source returns what identifies requests, once the module is provisioned.
func (m *module) Source() identity.Source { return m.source }

// SourceName is the name that route files call the source.
func (m *module) SourceName() string { return m.name }

// Cleanup ends what the source runs in the background.
func (m *module) Cleanup() error {
	if m.source != nil {
		later.Close(func() {
			_ = m.source.Close() // of which nothing is left to be lost
			m.idle()
		})
	}
	return nil
}

// newTransport makes connections of the module's own. They take no proxy from the
// environment: what is asked is named by the configuration.
func (m *module) newTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Proxy = nil
	t.MaxIdleConnsPerHost = 64
	m.idle = t.CloseIdleConnections
	return t
}

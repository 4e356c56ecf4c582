// Package sessions are the Caddy modules "ficus.sessions.*": each reads the sessions of
// one web framework, so that who is logged in on the monolith is known here too. The
// work is done by package gateway/identity/sessions.
package sessions

import (
	"time"

	"github.com/caddyserver/caddy/v2"

	"ficus/gateway/identity"
	"ficus/gateway/identity/sessions"
	"ficus/modules/internal/later"
)

func init() {
	caddy.RegisterModule(Django{})
	caddy.RegisterModule(Flask{})
	caddy.RegisterModule(Rails{})
	caddy.RegisterModule(CookieSession{})
	caddy.RegisterModule(Express{})
	caddy.RegisterModule(PHP{})
}

// Common is what all modules of this kind have.
type Common struct {
	// Name of the source, as route files and policies know it. Default: the last part of
	// the module's name.
	Name string `json:"name,omitempty"`

	// Cookie that holds the session or its id. Default: the framework's own.
	Cookie string `json:"cookie,omitempty"`

	// MaxAge of a session. Django and Flask count from the last change of a session, PHP
	// in files from its last use, and those have a default: 14 days, 31 days and 24
	// minutes. Others count from the time at Issued, which they then need. Default: none.
	MaxAge caddy.Duration `json:"max_age,omitempty"`

	// Subject is where the user's id is in the session: names joined by dots, numbers for
	// places in lists. A session without it (or with null, false, 0 or an empty text) is
	// anonymous. Required.
	Subject string `json:"subject,omitempty"`

	// Claims that policies and backends may see: a name, and where the value is in the
	// session. The claim "sub" is the subject.
	Claims map[string]string `json:"claims,omitempty"`

	// Issued is where the session says when the user logged in: seconds or milliseconds
	// since 1970, or a text as of RFC 3339. With MaxAge, a session then ends that long
	// after the login, and one that does not say is refused.
	Issued string `json:"issued,omitempty"`

	source *sessions.Source
}

// Source returns what identifies requests, once the module is provisioned.
func (c *Common) Source() identity.Source { return c.source }

// SourceName is the name that route files call the source.
func (c *Common) SourceName() string { return c.source.Name() }

// Cleanup closes the connections to Redis.
func (c *Common) Cleanup() error {
	if c.source != nil {
		later.Close(func() { _ = c.source.Close() }) // of which nothing is left to be lost
	}
	return nil
}

// provision builds the source of a description.
func (c *Common) provision(description interface {
	Source() (*sessions.Source, error)
}) (err error) {
	c.source, err = description.Source()
	return err
}

func (c *Common) options() sessions.Options {
	return sessions.Options{
		Name:    c.Name,
		Cookie:  resolve(c.Cookie),
		MaxAge:  time.Duration(c.MaxAge),
		Subject: c.Subject,
		Claims:  c.Claims,
		Issued:  c.Issued,
	}
}

// Redis says where sessions are kept.
type Redis struct {
	// URL of the server: redis://user:password@host:port/db, rediss:// with TLS, or
	// unix://user:password@/path?db=0. May have placeholders such as {env.REDIS_URL}.
	URL string `json:"url,omitempty"`

	// Prefix of keys, before a session's id. Default: the framework's own.
	Prefix string `json:"prefix,omitempty"`

	// Timeout of one question. Default: 500ms.
	Timeout caddy.Duration `json:"timeout,omitempty"`
}

func (r Redis) description() sessions.Redis {
	return sessions.Redis{URL: resolve(r.URL), Prefix: resolve(r.Prefix), Timeout: time.Duration(r.Timeout)}
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

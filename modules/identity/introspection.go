package identity

import (
	"cmp"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"ficus/gateway/identity/introspection"
	"ficus/modules/internal/block"
)

// Introspection asks the monolith whose a session is: it works with any framework.
type Introspection struct {
	// Name of the source, as route files and policies know it. Default: introspection.
	Name string `json:"name,omitempty"`

	// URL of the monolith that says whose the session is, as JSON. It must not renew the
	// session. Required.
	URL string `json:"url,omitempty"`

	// Host to ask for. Default: the URL's.
	Host string `json:"host,omitempty"`

	// Cookies that make the session. No other is sent. Required.
	Cookies []string `json:"cookies,omitempty"`

	// Subject is where the user's id is in the answer, names joined by dots. Default: sub.
	Subject string `json:"subject,omitempty"`

	// Claims that policies and backends may see: a name, and where the value is in the
	// answer.
	Claims map[string]string `json:"claims,omitempty"`

	// Forget are paths whose requests log in or out, such as /logout. A session is also
	// forgotten when an answer sets or deletes one of its cookies.
	Forget []string `json:"forget,omitempty"`

	// CacheFor is how long an answer counts. Default: 10s.
	CacheFor caddy.Duration `json:"cache_for,omitempty"`

	// Timeout of one question. Default: 2s.
	Timeout caddy.Duration `json:"timeout,omitempty"`

	module
}

// CaddyModule returns the Caddy module information.
func (Introspection) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "ficus.identity.introspection", New: func() caddy.Module { return new(Introspection) }}
}

// Provision builds the source. It asks nothing yet.
func (i *Introspection) Provision(caddy.Context) error {
	source, err := introspection.New(introspection.Config{
		Name: i.Name, URL: resolve(i.URL), Host: resolve(i.Host), Cookies: i.Cookies, Subject: i.Subject, Claims: i.Claims,
		Forget: i.Forget, CacheFor: time.Duration(i.CacheFor), Timeout: time.Duration(i.Timeout), Transport: i.newTransport(),
	})
	if err != nil {
		return err
	}
	i.name, i.source = cmp.Or(i.Name, "introspection"), source
	return nil
}

// UnmarshalCaddyfile reads:
//
//	introspection [<name>] {
//	    url       <url>
//	    host      <host>
//	    cookie    <name>...
//	    subject   <path>
//	    claim     <name> <path>
//	    forget    <path>...
//	    cache_for <duration>
//	    timeout   <duration>
//	}
func (i *Introspection) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	return block.Module(d, &i.Name, block.Keys{
		"url": block.Text(&i.URL), "host": block.Text(&i.Host), "cookie": block.Texts(&i.Cookies), "subject": block.Text(&i.Subject), "claim": block.Pairs(&i.Claims),
		"forget": block.Texts(&i.Forget), "cache_for": block.Duration(&i.CacheFor), "timeout": block.Duration(&i.Timeout),
	})
}

// Interface guards
var (
	_ caddy.Provisioner     = (*Introspection)(nil)
	_ caddy.CleanerUpper    = (*Introspection)(nil)
	_ caddyfile.Unmarshaler = (*Introspection)(nil)
)

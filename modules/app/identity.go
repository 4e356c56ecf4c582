package app

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"ficus/gateway/identity"
	"ficus/modules/internal/block"
)

// Identity says how the gateway knows who asks.
type Identity struct {
	// SourcesRaw are asked in their order until one knows: modules of the namespaces
	// ficus.identity and ficus.sessions, such as
	// {"source": "identity.bearer", "issuer": "https://id.example.com", …}.
	SourcesRaw []json.RawMessage `json:"sources,omitempty" caddy:"namespace=ficus inline_key=source"`

	// StripHeaders are headers that clients must not send, in whatever spelling, beside
	// those in which the gateway tells backends who asks.
	StripHeaders []string `json:"strip_headers,omitempty"`

	// StripCookies are cookies that clients must not send.
	StripCookies []string `json:"strip_cookies,omitempty"`
}

// source is what the modules are.
type source interface {
	Source() identity.Source
	SourceName() string
}

// provision builds the gate.
func (i *Identity) provision(ctx caddy.Context) (*identity.Gate, error) {
	modules, err := ctx.LoadModule(i, "SourcesRaw")
	if err != nil {
		return nil, fmt.Errorf("loading the sources of identity: %w", err)
	}
	gate := &identity.Gate{}
	for _, m := range modules.([]any) {
		s, ok := m.(source)
		if !ok {
			return nil, fmt.Errorf("%T is no source of identity", m)
		}
		if gate.Has(s.SourceName()) {
			return nil, fmt.Errorf("two sources of identity are called %s: give one another name", s.SourceName())
		}
		gate.Sources = append(gate.Sources, identity.Named{Name: s.SourceName(), Source: s.Source()})
	}
	gate.Stripper, err = identity.NewStripper(i.StripHeaders, i.StripCookies)
	return gate, err
}

// UnmarshalCaddyfile reads the block:
//
//	identity {
//	    bearer        [<name>] { … }
//	    introspection [<name>] { … }
//	    session <format> [<name>] { … }
//	    strip_header <name>...
//	    strip_cookie <name>...
//	}
//
// The order of the first three is the order in which they are asked.
func (i *Identity) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	return block.Keys{
		"bearer": i.source("identity.bearer"), "introspection": i.source("identity.introspection"), "session": i.session,
		"strip_header": block.Texts(&i.StripHeaders), "strip_cookie": block.Texts(&i.StripCookies),
	}.Read(d)
}

func (i *Identity) session(d *caddyfile.Dispenser) error {
	if !d.NextArg() {
		return d.ArgErr()
	}
	if !slices.Contains(formats(), d.Val()) {
		return d.Errf("unknown session format %q (known: %s)", d.Val(), strings.Join(formats(), ", "))
	}
	return i.source("sessions." + d.Val())(d)
}

func formats() []string {
	var names []string
	for _, m := range caddy.GetModules("ficus.sessions") {
		names = append(names, m.ID.Name())
	}
	return names
}

func (i *Identity) source(name string) func(d *caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		module, err := caddyfile.UnmarshalModule(d, "ficus."+name)
		if err != nil {
			return err
		}
		i.SourcesRaw = append(i.SourcesRaw, caddyconfig.JSONModuleObject(module, "source", name, nil))
		return nil
	}
}

package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// TokenHeader carries the internal token by default. It is not Authorization, which
// belongs to the client's own tokens.
const TokenHeader = "Ficus-Identity"

// OutwardConfig says what one backend is told about who asks. With neither a token nor
// headers it is told nothing.
type OutwardConfig struct {
	// Token is the header with the internal token, such as [TokenHeader]; "" for none. In
	// Authorization the token stands behind "Bearer ".
	Token    string
	Audience string   // the token's "aud": the backend; needed with Token
	Claims   []string // what claims the token holds, beside "sub"

	// Headers are the claims that stand in headers of their own, by the header's name:
	// {"X-User": "sub", "X-Roles": "roles"}. Lists are joined by commas.
	Headers map[string]string
}

// A Grant is what an internal token says beside who asks.
type Grant struct {
	Audience string
	Claims   []string       // names of the principal's claims that it repeats
	Extra    map[string]any // claims that a policy's decision adds; these win
}

// Issue returns a signed token for a principal; see package issuer.
type Issue func(*Principal, Grant) (string, error)

// An Outward tells one backend who asks. It is safe for concurrent use.
type Outward struct {
	config  OutwardConfig
	headers []claimHeader // in the order of their names
	issue   Issue
}

type claimHeader struct{ name, claim string }

// NewOutward checks a configuration. issue may be nil where there is no token.
func NewOutward(config OutwardConfig, issue Issue) (*Outward, error) {
	o := &Outward{config: config, issue: issue}
	if config.Token != "" && (config.Audience == "" || issue == nil) {
		return nil, errors.New("identity: a token needs an audience and an issuer")
	}
	if config.Token != "" {
		o.config.Token = textproto.CanonicalMIMEHeaderKey(config.Token)
	}
	for _, name := range slices.Sorted(maps.Keys(config.Headers)) {
		if config.Headers[name] == "" {
			return nil, fmt.Errorf("identity: header %q has no claim", name)
		}
		o.headers = append(o.headers, claimHeader{textproto.CanonicalMIMEHeaderKey(name), config.Headers[name]})
	}
	seen := map[string]string{}
	for _, name := range o.Names() {
		if len(name) > maxName || !httpguts.ValidHeaderFieldName(name) || reserved[name] {
			return nil, fmt.Errorf("identity: no header can be named %q here", name)
		}
		var room [maxName]byte
		folded := string(fold(&room, name))
		if other, twice := seen[folded]; twice {
			return nil, fmt.Errorf("identity: headers %q and %q are one to some backends", other, name)
		}
		seen[folded] = name
	}
	return o, nil
}

// reserved are headers that carry something else.
var reserved = map[string]bool{"Connection": true, "Content-Length": true, "Cookie": true, "Host": true, "Te": true,
	"Trailer": true, "Transfer-Encoding": true, "Upgrade": true}

// Names are the headers that this sets, to be stripped from what clients send on every
// route. Authorization is not among them: there clients send their own.
func (o *Outward) Names() []string {
	var names []string
	if o.config.Token != "" && o.config.Token != "Authorization" {
		names = append(names, o.config.Token)
	}
	for _, h := range o.headers {
		names = append(names, h.name)
	}
	return names
}

// Apply sets the headers on a request that goes out, and deletes those that this
// principal has nothing for; all of them for nobody. extra are claims that a policy's
// decision adds.
//
// An error wraps [ErrRefused] where a claim can't stand in a header. Then the headers are
// not complete, and the request must not go out.
func (o *Outward) Apply(out http.Header, p *Principal, extra map[string]any) error {
	for _, h := range o.headers {
		delete(out, h.name)
	}
	if o.config.Token != "" && (o.config.Token != "Authorization" || p != nil) {
		delete(out, o.config.Token)
	}
	if p == nil {
		return nil
	}
	for _, h := range o.headers {
		value, err := headerValue(claim(p, extra, h.claim))
		if err != nil {
			return fmt.Errorf("claim %q %w: %w", h.claim, ErrRefused, err)
		}
		if value != "" {
			out[h.name] = []string{value}
		}
	}
	if o.config.Token == "" {
		return nil
	}
	token, err := o.issue(p, Grant{Audience: o.config.Audience, Claims: o.config.Claims, Extra: extra})
	if err != nil {
		return err
	}
	if o.config.Token == "Authorization" {
		token = "Bearer " + token
	}
	out[o.config.Token] = []string{token}
	return nil
}

func claim(p *Principal, extra map[string]any, name string) any {
	if name == "sub" {
		return p.ID
	}
	if v, ok := extra[name]; ok {
		return v
	}
	return p.Claims[name]
}

// maxValue is how long a header's value may be.
const maxValue = 4096 // bytes

// headerValue returns a claim as a header has it, "" for what is not there.
func headerValue(v any) (string, error) {
	list, ok := v.([]any)
	if !ok {
		return one(v)
	}
	var parts []string
	for _, item := range list {
		part, err := one(item)
		if err != nil {
			return "", err
		}
		if part != "" {
			parts = append(parts, part)
		}
	}
	value := strings.Join(parts, ",")
	if len(value) > maxValue {
		return "", fmt.Errorf("it has more than %d bytes", maxValue)
	}
	return value, nil
}

func one(v any) (string, error) {
	var text string
	switch v := v.(type) {
	case nil:
	case string:
		text = v
	case bool:
		text = strconv.FormatBool(v)
	case json.Number:
		text = v.String()
	case float64:
		text = strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return "", errors.New("it is neither a text, a number, a bool nor a list of them")
	}
	return text, checkValue(text)
}

// checkValue tells whether a backend can only read a text as what it is. Beyond ASCII it
// could not: backends read header bytes as Latin-1, where some of UTF-8's are line ends.
func checkValue(text string) error {
	if len(text) > maxValue {
		return fmt.Errorf("it has more than %d bytes", maxValue)
	}
	if text != strings.TrimSpace(text) {
		return errors.New("it begins or ends with a blank, which would be cut")
	}
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ' || c >= 0x7f:
			return errors.New("it holds a byte that is no printable ASCII; put it into the token")
		case c == ',' || c == ';':
			return errors.New("it holds a separator, which could be read as two values")
		}
	}
	return nil
}

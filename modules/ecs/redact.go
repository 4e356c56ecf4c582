package ecs

import (
	"net/url"
	"slices"
	"strings"
)

// redacted stands in the place of a secret, as in Caddy's own logs.
const redacted = "REDACTED"

// Names of parameters that hold secrets: those that contain one of the first, and those that
// are one of the second, in lower case and without "-", "_" and ".".
var (
	secretParts = []string{"token", "secret", "passw", "signature", "credential", "apikey", "session", "jwt", "privatekey", "samlresponse", "assertion"}
	secretNames = []string{"auth", "authorization", "code", "key", "otp", "pass", "pin", "pwd", "sid", "sig", "state", "nonce", "ticket"}
)

var bare = strings.NewReplacer("-", "", "_", "", ".", "")

func (e *Encoder) isSecret(name string) bool {
	if decoded, err := url.QueryUnescape(name); err == nil {
		name = decoded
	}
	if slices.ContainsFunc(e.Redact, func(own string) bool { return strings.EqualFold(own, name) }) {
		return true
	}
	name = bare.Replace(strings.ToLower(name))
	return slices.Contains(secretNames, name) || slices.ContainsFunc(secretParts, func(part string) bool { return strings.Contains(name, part) })
}

// redactQuery replaces the values of secret parameters. All else stays as it was sent.
func (e *Encoder) redactQuery(query string) string {
	var out strings.Builder
	for rest, more := query, true; more; {
		var pair string
		i := strings.IndexAny(rest, "&;")
		if more = i >= 0; more {
			pair, rest = rest[:i+1], rest[i+1:]
		} else {
			pair = rest
		}
		name, _, hasValue := strings.Cut(pair, "=")
		if !hasValue || !e.isSecret(name) {
			out.WriteString(pair)
			continue
		}
		out.WriteString(name + "=" + redacted)
		if more {
			out.WriteByte(pair[len(pair)-1])
		}
	}
	return out.String()
}

// redactURL does so in the query of a URL or a target, and leaves userinfo and fragment out.
func (e *Encoder) redactURL(text string) string {
	text, _, _ = strings.Cut(text, "#")
	before, query, hasQuery := strings.Cut(text, "?")
	if scheme, rest, ok := strings.Cut(before, "://"); ok {
		authority, path, _ := strings.Cut(rest, "/")
		if i := strings.LastIndexByte(authority, '@'); i >= 0 {
			before = scheme + "://" + authority[i+1:] + "/" + path
		}
	}
	if hasQuery {
		before += "?" + e.redactQuery(query)
	}
	return bounded(before)
}

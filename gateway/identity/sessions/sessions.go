// Package sessions reads the sessions of web frameworks directly, with the key or from
// the store that the framework itself uses: it is room 2's way to know who is logged in
// on the monolith without asking it.
//
// [Django], [Flask], [Rails], [CookieSession] and [PHP], [Express] each describe one
// format; their method Source checks the description and returns an [identity.Source].
// What all promise:
//   - Nothing of a cookie is decoded before its signature is found good or its decryption
//     authentic, and sizes are capped before that. Secrets are several where keys rotate:
//     the first is the one that the framework signs with, the others are still accepted.
//   - A cookie that is there twice is refused, since the backend may read the other one.
//   - Sessions end by the format's own rules, and by [Options].MaxAge.
//   - What must not be trusted wraps [identity.ErrRefused] and never quotes the cookie;
//     a store that can't be asked is another error.
//   - Nothing is cached: a session that logout removes from its store is gone with the
//     next request. That costs one round trip to Redis, or one small file.
//
// Not done here: what only the framework's database knows. So a session in a cookie
// lives on after a changed password until it expires (Django's session hash is not
// compared); where that matters, ask by introspection.
package sessions

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"ficus/gateway/identity"
)

const (
	maxCookie  = 16 << 10 // bytes of one cookie; browsers keep 4 KiB
	maxSession = 1 << 20  // bytes of a session, inflated
	skew       = time.Minute
)

// Options are what all formats have.
type Options struct {
	// Name of the source, which principals carry. Default: the format's.
	Name string

	// Cookie that holds the session or its id. Default: the framework's.
	Cookie string

	// MaxAge of a session since it was issued. The framework says when that was
	// ([Django], [Flask], [PHP] in files), or a value in the session does (Issued);
	// where both do, both count. Default: the framework's, else none.
	MaxAge time.Duration

	// Subject is the path of the value that becomes the principal's id: names joined by
	// dots, numbers for places in lists, as in "user.id" or "warden.user.user.key.0.0".
	// Names that hold dots themselves are found too: the longest wins. Where the session
	// has no such value, or null, false, 0, "0" or an empty text, it is anonymous.
	Subject string

	// Claims of the principal: name to path. Values that the session lacks are left
	// out. The claim "sub" is always the principal's id.
	Claims map[string]string

	// Issued is the path of the time of login: seconds or milliseconds since 1970, or
	// a text as of RFC 3339. A session without it that has a subject is refused.
	Issued string

	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// A Session is what a framework keeps about a client.
type Session struct {
	Values  map[string]any // as JSON has them; numbers are json.Number or float64
	Issued  time.Time      // when it was signed or last written; zero: the format does not say
	Expires time.Time      // by the format's own rules and MaxAge; zero: it does not
}

// A format finds and reads a session; it returns nil where the request has none.
type format interface {
	read(ctx context.Context, r *http.Request) (*Session, error)
}

// A Source makes principals of one framework's sessions. It is safe for concurrent use.
type Source struct {
	options Options
	format  format
	store   store // nil for sessions in cookies
}

// settle fills the gaps of options and checks them. Formats that say when a session was
// issued are timed; in others MaxAge needs the path.
func (o Options) settle(name, cookie string, timed bool) (Options, error) {
	if o.Name == "" {
		o.Name = name
	}
	if o.Cookie == "" {
		o.Cookie = cookie
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	switch {
	case !validToken(o.Cookie):
		return o, fmt.Errorf("%q is no name of a cookie", o.Cookie)
	case o.MaxAge < 0:
		return o, fmt.Errorf("the maximum age is negative: %v", o.MaxAge)
	case o.MaxAge > 0 && !timed && o.Issued == "":
		return o, errors.New("a maximum age needs the path of the time of login (issued): these sessions don't say when they began")
	case o.Subject == "":
		return o, errors.New("no subject: name the path of the user's id in the session")
	}
	for claim, path := range o.Claims {
		if claim == "" || path == "" {
			return o, errors.New("a claim without a name or without a path")
		}
		if claim == "sub" {
			return o, errors.New(`the claim "sub" is the subject and can't be mapped`)
		}
	}
	return o, nil
}

// Name is the name of the source.
func (s *Source) Name() string { return s.options.Name }

// Identify returns the principal of the request's session. See [identity.Source].
func (s *Source) Identify(ctx context.Context, r *http.Request) (*identity.Principal, error) {
	session, err := s.Read(ctx, r)
	if err != nil || session == nil {
		return nil, err
	}
	return s.principal(session)
}

// Read returns the request's session, nil where it has none. Its errors are those of
// Identify.
func (s *Source) Read(ctx context.Context, r *http.Request) (*Session, error) {
	session, err := s.format.read(ctx, r)
	if err != nil || session == nil {
		return nil, err
	}
	if err := s.bound(session, session.Issued); err != nil {
		return nil, err
	}
	return session, nil
}

// Close gives the connections to the store back.
func (s *Source) Close() error {
	if s.store == nil {
		return nil
	}
	return s.store.close()
}

// bound ends a session MaxAge after it was issued, and refuses one that has ended.
func (s *Source) bound(session *Session, issued time.Time) error {
	now := s.options.Now()
	if !issued.IsZero() {
		if issued.After(now.Add(skew)) {
			return refused("session issued in the future")
		}
		if end := issued.Add(s.options.MaxAge); s.options.MaxAge > 0 && (session.Expires.IsZero() || end.Before(session.Expires)) {
			session.Expires = end
		}
	}
	if !session.Expires.IsZero() && !now.Before(session.Expires) {
		return refused("session expired")
	}
	return nil
}

func refused(why string) error { return fmt.Errorf("%w: %s", identity.ErrRefused, why) }

// Interface guard
var _ identity.Source = (*Source)(nil)

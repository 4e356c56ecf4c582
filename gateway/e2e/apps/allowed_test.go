package apps

import (
	"cmp"
	"net/http"
	"net/textproto"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// An allowance is a difference that is none.
type allowance struct {
	what string
	why  string
	apps []string // whose; nil: of all of them

	// level makes two exchanges the same in this regard.
	level func(want, got *exchange)
}

// allowed is all that may differ between an application and the same behind Ficus. This is
// the only place where a comparison is told to look away.
var allowed = []allowance{
	{
		what: "case of field names", why: "Go's HTTP/1.1 writes each name in its canonical form; names have no case (RFC 9110, 5.1)",
		level: both(func(x *exchange) {
			x.Fields = each(x.Fields, canonical)
		}),
	},
	{
		what: "white space around values", why: "it is no part of them (RFC 9110, 5.5)",
		level: both(func(x *exchange) {
			x.Fields = each(x.Fields, func(f string) string {
				name, value, _ := strings.Cut(f, ":")
				return name + ": " + strings.Trim(value, " \t")
			})
		}),
	},
	{
		what: "order of fields of different names", why: "Go's HTTP/1.1 writes them sorted; fields of one name keep their order, which alone means something (RFC 9110, 5.3)",
		level: both(func(x *exchange) {
			x.Fields = slices.Clone(x.Fields)
			slices.SortStableFunc(x.Fields, func(a, b string) int { return cmp.Compare(nameOf(a), nameOf(b)) })
		}),
	},
	{
		what: "reason phrase", why: "Go writes that of the standard, which clients don't read (RFC 9112, 4)",
		level: both(func(x *exchange) { x.Reason = http.StatusText(x.Status) }),
	},
	{
		what: "`Connection`, `Keep-Alive`", why: "they speak of one connection, and the client has another one than the application (RFC 9110, 7.6.1)",
		level: both(drop("Connection", "Keep-Alive")),
	},
	{
		what: "`Proxy-Authenticate`; `Trailer` of an answer to HEAD", why: "the first is for the next client alone (RFC 9110, 11.7.1), and after HEAD no trailer comes; Go's reverse proxy leaves both out",
		level: both(func(x *exchange) {
			drop("Proxy-Authenticate")(x)
			if strings.HasPrefix(x.Step, "HEAD ") {
				drop("Trailer")(x)
			}
		}),
	},
	{
		what: "`Content-Length` of a 204 or a 304", why: "the first may have none, and the second none but that of the whole (RFC 9110, 8.6); Go's server leaves it out",
		level: both(func(x *exchange) {
			if x.Status == http.StatusNotModified || x.Status == http.StatusNoContent {
				drop("Content-Length")(x)
				x.Framing = "length"
			}
		}),
	},
	{
		what: "case of the names that `Trailer` lists", why: "they are names of fields",
		level: both(func(x *exchange) {
			x.Fields = each(x.Fields, func(f string) string {
				if strings.HasPrefix(f, "Trailer: ") {
					return strings.ToLower(f)
				}
				return f
			})
		}),
	},
	{
		what: "a `User-Agent` that is empty, as the application is told", why: "Go's HTTP client sends none instead", apps: []string{"go-httpbin"},
		level: both(func(x *exchange) {
			if strings.Contains(x.Step, " User-Agent:  ") {
				inBody(`,\n    "User-Agent": \[\n      ""\n    \]`, "")(x)
				drop("Content-Length")(x)
			}
		}),
	},
	{
		what: "what is said to `TRACE`, and to `%00` in a path", why: "the gateway refuses both by itself: 405, unless a route's match names the method, and 400", apps: []string{"go-httpbin"},
		level: func(want, got *exchange) {
			if got.Body == "" && (strings.HasPrefix(want.Step, "TRACE ") && got.Status == http.StatusMethodNotAllowed ||
				strings.Contains(want.Step, "%00") && got.Status == http.StatusBadRequest) {
				*want = *got
			}
		},
	},
	{
		what: "where an answer ends", why: "one that ends with the application's connection ends with its last chunk, so that the client keeps its own; the body is the same",
		level: func(want, got *exchange) {
			if want.Framing == "end of connection" && got.Framing == "chunked" {
				want.Framing = got.Framing
				drop("Transfer-Encoding")(got)
			}
		},
	},
	{
		what: "`Date`, and `Expires` and `Last-Modified` that are reckoned from it", why: "time goes on between two visits",
		level: both(inFields(`(^Date: |^Expires: |^Last-Modified: |; Expires=|; expires=)\w+, \d[^;]*`, "${1}some time")),
	},
	{
		what: "boundaries of multipart/byteranges, nonces of digest authentication, UUIDs", why: "drawn anew for each answer", apps: []string{"go-httpbin"},
		level: both(func(x *exchange) {
			inFields(`(boundary=|nonce=|opaque=)\w+`, "${1}some")(x)
			inBody(`(?m)^--[0-9a-f]{60}`, "--some")(x)
			inBody(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`, "some uuid")(x)
		}),
	},
	{
		what: "`Server-Timing`, timestamps of events and lines, the `ETag` of /cache", why: "measured, or made of the time", apps: []string{"go-httpbin"},
		level: both(func(x *exchange) {
			inFields(`dur=[0-9.]+`, "dur=some")(x)
			x.Trailer = each(x.Trailer, func(f string) string { return timing.ReplaceAllString(f, "dur=some") })
			inBody(`"timestamp":\d+`, `"timestamp":0`)(x)
			if strings.HasPrefix(x.Step, "GET /cache") {
				inFields(`^Etag: \w{40,}`, "Etag: some")(x)
			}
		}),
	},
	{
		what: "`csrftoken`, `sessionid`, the tokens in forms, signatures of messages, times of logins", why: "drawn anew for each visitor, or made of the time", apps: []string{"Django"},
		level: both(func(x *exchange) {
			inFields(`(csrftoken|sessionid)=\w{20,}`, "$1=some")(x)
			inFields(`(messages=[^:;]*):\w+:[\w-]+`, "$1:some")(x)
			inBody(`(csrfmiddlewaretoken" value=")\w{64}`, "${1}some")(x)
			inBody(`value="(\d{4}-\d\d-\d\d|\d\d:\d\d:\d\d)"`, `value="some time"`)(x)
		}),
	},
	{
		what: "the session, `sectok`, times of pages, `ETag`s of what PHP puts together", why: "drawn anew for each visitor, or made of the time", apps: []string{"DokuWiki"},
		level: both(func(x *exchange) {
			inFields(`(DokuWiki|DW\w{32})=[^;]{20,}`, "$1=some")(x)
			inBody(`(sectok=|sectok" value="|sectok":")[0-9a-f]{32}`, "${1}some")(x)
			inBody(`\b1[789]\d{8}\b`, "some time")(x)
			inBody(`\d{4}\\?/\d\d\\?/\d\d \d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d`, "some time")(x)
			inFields(`^Etag: "[0-9a-f]{32}"`, "Etag: some")(x)
		}),
	},
	{
		what: "the token of a login, the version in links of the editor and the `ETag` of that page", why: "drawn anew for each visitor, or at each start", apps: []string{"Node-RED"},
		level: both(func(x *exchange) {
			inBody(`"access_token":"[^"]*"`, `"access_token":"some"`)(x)
			inBody(`\?v=[0-9a-f]{12}`, "?v=some")(x)
			if strings.Contains(x.Step+" ", " / ") {
				inFields(`^Etag: W/"\w+-[^"]+"`, "Etag: some")(x)
			}
		}),
	},
	{
		what: "`sid`s of sessions and sockets", why: "drawn anew for each visitor", apps: []string{"Socket.IO"},
		level: both(func(x *exchange) {
			inFields(`io=[\w-]{20}`, "io=some")(x)
			inBody(`"sid":"[\w-]{20}"`, `"sid":"some"`)(x)
		}),
	},
}

var timing = regexp.MustCompile(`dur=[0-9.]+`)

// level returns two exchanges of an application without what may differ, all but one of
// the allowances applied; -1 leaves none out.
func (a application) level(want, got exchange, but int) (exchange, exchange) {
	for i, l := range allowed {
		if i != but && (l.apps == nil || slices.Contains(l.apps, a.name)) {
			l.level(&want, &got)
		}
	}
	want.Surplus, got.Surplus = 0, 0 // compare looks at it
	return want, got
}

// note marks the allowances that two exchanges need in order to be the same.
func (n needed) note(a application, want, got exchange) {
	for i := range allowed {
		if !n[i] {
			w, g := a.level(want, got, i)
			n[i] = !reflect.DeepEqual(w, g)
		}
	}
}

// needed says which allowances have made any difference, by their place in the list.
type needed map[int]bool

// check holds the list against what has differed: it may not be longer than that takes.
func (n needed) check(t *testing.T) {
	t.Helper()
	for i, l := range allowed {
		if !n[i] {
			t.Errorf("no two exchanges differ by %s, so that needs no allowance", l.what)
		}
	}
}

func both(change func(*exchange)) func(want, got *exchange) {
	return func(want, got *exchange) { change(want); change(got) }
}

func each(list []string, change func(string) string) []string {
	var changed []string
	for _, s := range list {
		changed = append(changed, change(s))
	}
	return changed
}

func nameOf(field string) string {
	name, _, _ := strings.Cut(field, ":")
	return name
}

func canonical(field string) string {
	name, value, _ := strings.Cut(field, ":")
	return textproto.CanonicalMIMEHeaderKey(name) + ":" + value
}

// drop leaves fields out.
func drop(names ...string) func(*exchange) {
	return func(x *exchange) {
		x.Fields = slices.DeleteFunc(slices.Clone(x.Fields), func(f string) bool {
			return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, nameOf(f)) })
		})
	}
}

func inFields(pattern, replacement string) func(*exchange) {
	r := regexp.MustCompile(pattern)
	return func(x *exchange) {
		x.Fields = each(x.Fields, func(f string) string { return r.ReplaceAllString(f, replacement) })
	}
}

func inBody(pattern, replacement string) func(*exchange) {
	r := regexp.MustCompile(pattern)
	return func(x *exchange) { x.Body = r.ReplaceAllString(x.Body, replacement) }
}

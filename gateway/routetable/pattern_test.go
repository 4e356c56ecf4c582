package routetable

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestCanonical(t *testing.T) {
	for raw, want := range map[string]string{
		"/":                "/",
		"/a/b":             "/a/b",
		"/a//b/":           "/a//b/",
		"/a%2Fb":           "/a%2Fb",
		"/a%2fb":           "/a%2Fb",
		"/a%252Fb":         "/a%252Fb",
		"/%41":             "/A",
		"/100%25":          "/100%25",
		"/caf%C3%A9":       "/café",
		"/a/./b":           "/a/b",
		"/a/../b":          "/b",
		"/a/%2e%2E/b":      "/b",
		"/../..":           "/",
		"/a/b/..":          "/a/",
		"/a/.":             "/a/",
		"/a/b/../":         "/a/",
		"/.well-known/x":   "/.well-known/x",
		"/a/...":           "/a/...",
		"/a/.b/..c":        "/a/.b/..c",
		"/a;p=1/b":         "/a;p=1/b",
		"/a%3Bp":           "/a;p",
		"/%":               "/%25",
		"/%zz":             "/%25zz",
		"/a/..%2Fb":        "/a/..%2Fb",
		"/a/b%2F..%2Fc/..": "/a/",
		"*":                "*",
		"":                 "",
	} {
		if got := Canonical(raw); got != want {
			t.Errorf("Canonical(%q) = %q, want %q", raw, got, want)
		}
	}
}

// FuzzCanonical: the form is stable, has no dot segments, stays itself when it goes
// over the wire, and is the same however a client escapes the same segments.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{"/a/../b", "/%2e%2e/x", "/a%2Fb%25", "/..//./", "/%", "//", "/a/%2e", "/%252e%252e/", "/ü/%FF\x00"} {
		f.Add(seed, uint64(0x5555))
		f.Add(seed, uint64(1<<64-1))
	}
	f.Fuzz(func(t *testing.T, raw string, escape uint64) {
		got := Canonical(raw)
		if raw == "" || raw[0] != '/' {
			if got != raw {
				t.Fatalf("Canonical(%q) = %q", raw, got)
			}
			return
		}
		if got == "" || got[0] != '/' {
			t.Fatalf("Canonical(%q) = %q", raw, got)
		}
		for _, segment := range strings.Split(got[1:], "/") {
			if decoded := unescape(segment); decoded == "." || decoded == ".." || canonicalSegment(decoded) != segment {
				t.Fatalf("Canonical(%q) = %q: segment %q is not canonical", raw, got, segment)
			}
		}
		if again := Canonical(Escape(got)); again != got {
			t.Fatalf("Canonical(%q) = %q, which goes over the wire as %q and is then %q", raw, got, Escape(got), again)
		}
		if _, err := url.PathUnescape(raw); err != nil {
			return
		}
		if other := escapeSome(raw, escape); Canonical(other) != got {
			t.Fatalf("Canonical(%q) = %q, and of %q, which says the same, %q", raw, got, other, Canonical(other))
		}
		if want := resolved(t, raw); want != got {
			t.Fatalf("Canonical(%q) = %q, net/url resolves to %q", raw, got, want)
		}
	})
}

// escapeSome writes some bytes of a path in another way that means the same, as the
// bits say.
func escapeSome(raw string, bits uint64) string {
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		bits = bits>>1 | bits<<63
		switch {
		case c == '%' && bits&1 != 0:
			b.WriteString(strings.ToLower(raw[i : i+3]))
			i += 2
		case c == '%':
			b.WriteString(raw[i : i+3])
			i += 2
		case c != '/' && bits&1 != 0:
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// resolved is the canonical form by way of net/url: it resolves dot segments, where
// they are not escaped.
func resolved(t *testing.T, raw string) string {
	segments := strings.Split(raw[1:], "/")
	for i, s := range segments {
		decoded, err := url.PathUnescape(s)
		if err != nil {
			t.Fatal(err)
		}
		if segments[i] = url.PathEscape(decoded); decoded == "" {
			segments[i] = "%00empty" // which net/url would keep, but not as a segment that .. takes away
		}
	}
	base := &url.URL{Scheme: "http", Host: "h.io", Path: "/"}
	reference, err := url.Parse("http://h.io/" + strings.Join(segments, "/"))
	if err != nil {
		t.Fatal(err)
	}
	segments = strings.Split(base.ResolveReference(reference).EscapedPath()[1:], "/")
	for i, s := range segments {
		decoded, err := url.PathUnescape(strings.TrimPrefix(s, "%00empty"))
		if err != nil {
			t.Fatal(err)
		}
		segments[i] = canonicalSegment(decoded)
	}
	return "/" + strings.Join(segments, "/")
}

// FuzzParsePattern: what parses has a request that it matches, and ServeMux, where
// it accepts the same text, sends that request to the same pattern.
func FuzzParsePattern(f *testing.F) {
	for _, seed := range []string{
		"GET /a/{b}/c", "/{x...}", "h.io/{$}", "*.h.io/a/", "POST /%41%2F/{b}", "GET  /x", "/a b", "//", "/{}", "get /x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePattern(text)
		if err != nil {
			return
		}
		method := p.method
		if method == "" {
			method = "PUT"
		}
		_, host, path := sampleTarget(p)
		index := hostIndex{}
		e := &Entry{ID: "it", Pattern: p}
		index.insert(e)
		if index.match(&Request{Method: method, Host: host, Path: path}) != e {
			t.Fatalf("%q does not match its own example %s %s%s", text, method, host, path)
		}
		if index.conflict(e) != e {
			t.Fatalf("%q is not in conflict with itself", text)
		}
		written, _, _ := strings.Cut(text[strings.LastIndexAny(text[:strings.IndexByte(text, '/')], " \t")+1:], "/")
		asWritten := written == host // ServeMux does not lower the case of hosts
		if asWritten && !strings.ContainsAny(text, "*%") && !muxRefuses(http.NewServeMux(), text) {
			mux := http.NewServeMux()
			mux.Handle(text, http.NotFoundHandler())
			_, pattern := mux.Handler(&http.Request{Method: method, Host: host, URL: &url.URL{Path: path}})
			if pattern != text {
				t.Fatalf("ServeMux has %q for %s %s%s, not %q", pattern, method, host, path, text)
			}
		}
	})
}

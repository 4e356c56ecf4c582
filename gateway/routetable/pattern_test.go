package routetable

import (
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

// FuzzCanonical: the form is stable, has no dot segments, and agrees with net/url
// on what each segment decodes to.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{"/a/../b", "/%2e%2e/x", "/a%2Fb%25", "/..//./", "/%", "//", "/a/%2e"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got := Canonical(raw)
		if raw == "" || raw[0] != '/' {
			return
		}
		if got == "" || got[0] != '/' {
			t.Fatalf("Canonical(%q) = %q", raw, got)
		}
		for _, segment := range strings.Split(got[1:], "/") {
			if segment == "." || segment == ".." {
				t.Fatalf("Canonical(%q) = %q has a dot segment", raw, got)
			}
			if decoded := unescape(segment); canonicalSegment(decoded) != segment && strings.Contains(raw, "%") {
				t.Fatalf("Canonical(%q) = %q: segment %q is not canonical", raw, got, segment)
			}
		}
		if decoded, err := url.PathUnescape(raw); err == nil && !strings.Contains(decoded, "/.") && !strings.Contains(strings.ToLower(raw), "%2f") {
			if back, _ := url.PathUnescape(got); back != decoded {
				t.Fatalf("Canonical(%q) = %q decodes to %q, want %q", raw, got, back, decoded)
			}
		}
	})
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
		asWritten := strings.Contains(text, host+"/") // ServeMux does not lower the case of hosts
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

package apps

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	bin "github.com/mccutchen/go-httpbin/v2/httpbin"
)

var httpbin = application{
	name: "go-httpbin",
	what: "all endpoints of github.com/mccutchen/go-httpbin",
	moved: []string{
		"/anything/{rest...}", "POST /post", "/status/{code}", "/stream/{n}", "/cookies/{what...}", "/redirect/{n}",
		"/digest-auth/{rest...}", "/gzip", "/range/{n}", "/trailers", "/sse", "/websocket/echo", "/image/{kind}", "/upload",
	},
	start: func(t *testing.T, _ string) string {
		server := httptest.NewServer(bin.New(
			bin.WithHostname("host.example"), bin.WithEnv(map[string]string{"HTTPBIN_ENV_A": "b"}), bin.WithMaxDuration(5*time.Second),
		).Handler())
		t.Cleanup(server.Close)
		return server.URL
	},
	visit: by(func(v *visitor) {
		home := v.get("/")
		for _, ask := range []func(*visitor){methods, codings, authentication, cookies, redirects, kinds, streams, oddities} {
			ask(v)
		}
		chat(v, "/websocket/echo?max_fragment_size=65536&max_message_size=131072", "hello", "", strings.Repeat("long ", 12_000))
		covered(v, home.Body)
	}),
}

var linked = regexp.MustCompile(`<code>(?:<del>)?/([a-z0-9-]+(?:\.txt)?)`)

// covered holds what was asked against the list of endpoints that the application has on
// its home page.
func covered(v *visitor, home string) {
	v.t.Helper()
	endpoints := linked.FindAllStringSubmatch(home, -1)
	if len(endpoints) < 60 {
		v.t.Fatalf("the home page lists %d endpoints", len(endpoints))
	}
	for _, m := range endpoints {
		asked := false
		for _, x := range v.seen {
			_, path, _ := strings.Cut(x.Step, " ")
			asked = asked || regexp.MustCompile(`^/`+regexp.QuoteMeta(m[1])+`($|[/? ])`).MatchString(path)
		}
		if !asked {
			v.t.Errorf("/%s was not asked", m[1])
		}
	}
}

// methods asks for what is echoed of a request.
func methods(v *visitor) {
	for _, m := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"} {
		for _, path := range []string{"/get", "/head", "/post", "/put", "/patch", "/delete", "/anything/a/b", "/status/204"} {
			v.do(m, path, "", "Accept: */*", "X-Twice: 1", "X-Twice: 2")
		}
	}
	form := "application/x-www-form-urlencoded"
	v.post("/post?q=1&q=2", form, "a=1&b=%C3%A4&a=2&c=")
	v.post("/post", "application/json; charset=utf-8", `{"a":[1,2,{"b":null}]}`)
	v.post("/post", "multipart/form-data; boundary=XX", "--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"ä.txt\"\r\n\r\nfile\r\n--XX--\r\n")
	v.post("/post", "application/octet-stream", "\x00\x01\xff\xfe")
	v.post("/post", "text/plain", strings.Repeat("0123456789abcdef", 20_000))
	v.post("/upload", "text/plain", strings.Repeat("u", 100_000))
	v.post("/post", form, "a=1", "Expect: 100-continue")
	v.do("PUT", "/put", "text", "Content-Type: text/plain", "Content-Encoding: br")
	v.do("PUT", "/upload", "text", "Content-Type: text/plain")
	v.raw("POST /post, chunked", "POST", "POST /post HTTP/1.1\r\nHost: "+host+"\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain\r\n\r\n5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
	v.raw("GET of an absolute target", "GET", "GET http://"+host+"/anything/abs?x=%20 HTTP/1.1\r\nHost: "+host+"\r\n\r\n")
	v.raw("GET by HTTP/1.0", "GET", "GET /get HTTP/1.0\r\nHost: "+host+"\r\n\r\n")
	v.get("/dump/request?a=b", "Accept-Language: de, en;q=0.5", "X-Empty:")
	v.get("/headers", "User-Agent: ", "Accept-Encoding: br, gzip", "DNT: 1", "Cookie: a=b; c=\"d e\"")
	v.get("/user-agent", "User-Agent: Mozilla/5.0 (X11; ÄÖ)")
	v.get("/ip")
	v.get("/forms/post")
	for _, path := range []string{"a%2Fb", "%C3%A4", "a//b", "a;v=1/b", "a/../b", "a/./b", "a%20b", "a+b", "%25", "a%00b", "~a!$&'()*+,;=:@b", "a?b=%zz&c;d", "?", "?a?b", "a%5Cb", "A%2fb"} {
		v.get("/anything/" + path)
	}
}

// codings asks for bodies in several encodings.
func codings(v *visitor) {
	for _, path := range []string{
		"/gzip", "/deflate", "/brotli", "/encoding/utf8", "/html", "/xml", "/json", "/robots.txt", "/deny", "/hostname", "/env", "/version", "/uuid",
		"/base64/aGVsbG8=", "/base64/decode/aGVsbG8=", "/base64/encode/hello", "/base64/!!", "/base64/PGI+?content-type=text/html",
		"/bytes/0?seed=1", "/bytes/1024?seed=1", "/bytes/100000?seed=2", "/bytes/x", "/links/3/0", "/links/3", "/links/3/2", "/links/x",
		"/response-headers?X-A=1&X-A=2&Server=some&ETag=w&Content-Language=de&Via=1.1+other", "/response-headers?Content-Type=text%2Fplain%3B+charset%3DUTF-8",
		"/unstable?seed=1", "/unstable?failure_rate=1", "/unstable?failure_rate=0", "/nothing/here",
	} {
		v.get(path, "Accept-Encoding: gzip, deflate, br")
		v.do("HEAD", path, "")
	}
	v.get("/gzip")
	v.get("/html", "Accept-Encoding: gzip", "TE: trailers, deflate")
}

// authentication asks with and without names and passwords.
func authentication(v *visitor) {
	basic := "Authorization: Basic dXNlcjpwYXNzd29yZA=="
	for _, path := range []string{"/basic-auth/user/password", "/hidden-basic-auth/user/password"} {
		v.get(path)
		v.get(path, basic)
		v.get(path, "Authorization: Basic bm86bm8=")
	}
	v.get("/bearer")
	v.get("/bearer", "Authorization: Bearer abc.def.ghi")
	v.get("/digest-auth/auth/user/password")
	v.get("/digest-auth/auth/user/password/SHA-256")
	v.get("/digest-auth/auth/user/password", `Authorization: Digest username="user", realm="go-httpbin", nonce="n", uri="/digest-auth/auth/user/password", response="no", qop=auth, nc=00000001, cnonce="c"`)
	v.get("/digest-auth/none/user/password")
}

func cookies(v *visitor) {
	v.get("/cookies")
	v.get("/cookies/set?a=1")
	v.get("/cookies/set?b=two+words")
	v.get("/cookies/set?c=3&attr[SameSite]=lax&attr[HttpOnly]=true&attr[Path]=/cookies&attr[Secure]=false")
	v.get("/cookies")
	v.get("/cookies/delete?a=")
	v.get("/cookies/delete?b=")
	v.get("/cookies")
}

func redirects(v *visitor) {
	for _, path := range []string{
		"/redirect/1", "/redirect/3", "/relative-redirect/2", "/absolute-redirect/2", "/redirect/x", "/redirect-to?url=/get",
		"/redirect-to?url=http%3A%2F%2Felsewhere.example%2Fa%3Fb&status_code=307", "/redirect-to?url=//x.example/&status_code=308", "/redirect-to",
	} {
		v.get(path)
		v.do("HEAD", path, "")
	}
}

// kinds asks by what a client accepts or has already, and for every status.
func kinds(v *visitor) {
	for _, accept := range []string{"image/png", "image/jpeg", "image/svg+xml", "image/webp", "image/*", "text/html"} {
		v.get("/image", "Accept: "+accept)
	}
	for _, kind := range []string{"png", "jpeg", "svg", "webp", "avif", "none"} {
		v.get("/image/" + kind)
	}
	v.get("/cache")
	v.get("/cache", "If-None-Match: x")
	v.get("/cache", "If-Modified-Since: Sat, 29 Oct 1994 19:43:31 GMT")
	v.get("/cache/60")
	for _, field := range []string{"If-None-Match: some", `If-None-Match: "some"`, `If-None-Match: W/"some", "x"`, "If-None-Match: *", "If-Match: other", `If-Match: "some"`} {
		v.get("/etag/some", field)
	}
	v.get("/range/1000")
	for _, r := range []string{"bytes=0-9", "bytes=990-", "bytes=-5", "bytes=0-0,-1", "bytes=2000-", "bytes=5-2", "lines=1-2"} {
		v.get("/range/1000", "Range: "+r)
	}
	v.do("HEAD", "/range/1000", "", "Range: bytes=0-9")
	v.get("/range/100?chunk_size=10")
	for _, code := range []string{
		"200", "201", "202", "203", "204", "205", "206", "226", "300", "301", "302", "303", "304", "305", "307", "308",
		"400", "401", "402", "403", "404", "405", "406", "407", "408", "409", "410", "411", "412", "413", "415", "416", "417", "418", "421", "422", "425", "426", "428", "429", "431", "451", "499",
		"500", "501", "502", "503", "504", "505", "507", "511", "599", "999", "abc", "200:1",
	} {
		v.get("/status/" + code)
		v.post("/status/"+code, "text/plain", "some")
	}
}

// streams asks for bodies that come bit by bit.
func streams(v *visitor) {
	for _, path := range []string{
		"/stream/5", "/stream/100", "/stream-bytes/3000?seed=1&chunk_size=100", "/drip?numbytes=5&duration=100ms&delay=0", "/drip?numbytes=5&duration=50ms&delay=0&code=500",
		"/delay/10ms", "/delay/x", "/jsonl?count=5&duration=50ms", "/range/500?duration=50ms&chunk_size=100",
		"/trailers?a=two+words", "/trailers?x-long=" + strings.Repeat("y", 2000),
	} {
		v.get(path)
		v.do("HEAD", path, "")
	}
	v.get("/trailers?a=1", "TE: trailers")
	v.get("/sse?count=3&duration=30ms", "Accept: text/event-stream")
}

// oddities are requests that are allowed and rare.
func oddities(v *visitor) {
	v.get("/anything?"+strings.Repeat("a=b&", 1000), "X-Long: "+strings.Repeat("z", 5000))
	v.do("M-SEARCH", "/anything/search", "")
	v.get("/websocket/echo")
	v.get("/get", "X-Latin: caf\xe9", "Referer: http://elsewhere.example/?a=b#c", "Origin: null")
	v.do("OPTIONS", "/get", "", "Origin: http://elsewhere.example", "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: X-A")
	v.get("/get", "Range: bytes=0-3", "If-Range: \"x\"", "Cache-Control: no-cache", "Pragma: no-cache", "Upgrade-Insecure-Requests: 1")
	v.do("GET", "/anything/get-with-a-body", "body", "Content-Type: text/plain")
	v.do("DELETE", "/anything/delete-with-a-body", "body", "Content-Type: text/plain")
}

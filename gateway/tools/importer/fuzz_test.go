package importer

import (
	"os"
	"testing"
	"testing/fstest"
	"time"

	"ficus/gateway/control"
)

// soundDraft fails unless a draft compiles as it would be written.
func soundDraft(t *testing.T, d Draft) {
	t.Helper()
	files := fstest.MapFS{}
	for _, f := range d.Files() {
		files[f.Name] = &fstest.MapFile{Data: []byte(f.Text)}
	}
	v := control.Check(files, "routes", func(string) (string, bool) { return "", false }, time.Time{})
	if v.Problems.HasErrors() {
		t.Fatalf("%s\n%s", v.Problems.Text(), d.Text())
	}
	if got := len(v.Set.Routes); got != len(d.Routes) {
		t.Fatalf("%d routes are read, %d were written\n%s", got, len(d.Routes), d.Text())
	}
}

func addFile(f *testing.F, name string) {
	f.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
}

// Whatever an nginx configuration holds, it is refused or its draft compiles. The file
// may include itself and another.
func FuzzNginx(f *testing.F) {
	for _, name := range []string{"nginx.conf", "sites/10-redirect.conf", "sites/20-shop.conf", "sites/30-media.conf"} {
		addFile(f, "testdata/nginx/"+name)
	}
	for _, text := range []string{
		"include *.conf; location / { proxy_pass http://a; }",
		"upstream a { server b:1; server unix:/x; } server { server_name .a *.b ~c \"\"; location ~* ^/(a|b)/{2}$ { proxy_pass https://a/b/; } }",
		"location = /%zz/{x} { proxy_pass http://[::1]:8; } location ^~ /ü { proxy_pass http://a/b; }",
		"content_by_lua_block { { } } location \"/a b\" { return 200; }",
		`location /a\{b { proxy_pass "http://x$y"; }`,
		"location /x/../y/ { proxy_pass http://x/..; }",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		files := fstest.MapFS{"nginx.conf": {Data: []byte(text)}, "a.conf": {Data: []byte("location /a/ { proxy_pass http://a; }")}}
		d, err := Nginx(files, "/etc/nginx", "nginx.conf")
		if err == nil {
			soundDraft(t, d)
		}
	})
}

// Whatever a configuration of Caddy holds, it is refused or its draft compiles.
func FuzzCaddy(f *testing.F) {
	addFile(f, "testdata/caddy/caddy.json")
	const begin, end = `{"apps":{"http":{"servers":{"a":{"routes":[`, `]}}}}}`
	const proxy = `"handle":[{"handler":"reverse_proxy","upstreams":[{"dial":"a:1"}]}]`
	for _, r := range []string{
		`{"match":[{"path":["/a*","/b/*/c"],"host":["*.x","y"],"method":["GET","M"]}],` + proxy + `}`,
		`{"match":[{"path_regexp":{"pattern":"^/(a|b)/\\d+"},"header":{"X":["a*"],"Content-Type":["*"]},"query":{"q":["1","2"]}}],` + proxy + `}`,
		`{"match":[{"not":[{"not":[{"vars_regexp":{"{http.request.cookie.a}":{"pattern":"^b$"}}}]}]}],` + proxy + `}`,
		`{"match":[{"header_regexp":{"Host":{"pattern":"(?i)^.+\\.x\\.?(?::[0-9]+)?$"},"Content-Type":{"pattern":"(?i)^a/b"}}}],` + proxy + `}`,
		`{"match":[{"path":["/a/*"]}],"handle":[{"handler":"rewrite","strip_path_prefix":"/a"},{"handler":"subroute","routes":[{` + proxy + `}]}]}`,
		`{"@id":"default","handle":[{"handler":"rewrite","uri":"/x{http.request.uri}"}]},{` + proxy + `}`,
	} {
		f.Add(begin + r + end)
	}
	f.Add(`[[[[`)
	f.Add(`{"a":1,"a":{}} x`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, adapted := range []bool{false, true} {
			d, err := Caddy("caddy.json", []byte(text), adapted)
			if err == nil {
				soundDraft(t, d)
			}
		}
	})
}

// Whatever an OpenAPI document holds, it is refused or its draft compiles.
func FuzzOpenAPI(f *testing.F) {
	addFile(f, "testdata/openapi/shop.yaml")
	addFile(f, "testdata/openapi/old.json")
	for _, text := range []string{
		"openapi: 3.0.0\npaths: { /a: { $ref: other.yaml }, /b: { $ref: '#/paths/~1a' } }",
		"openapi: 3.1.0\npaths:\n  /a: &a { get: {} }\n  /b: *a\n  /{x}/{x}: { get: {} }\n",
		"openapi: 3.0.0\nservers: [{ url: 'https://a:1/{b}/c', variables: { b: { default: '{$d}' } } }]\npaths: { '/%zz/{': { get: {} } }",
		"swagger: '2.0'\npaths: { /a: { get: { responses: {} } } }",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		files := fstest.MapFS{"api.yaml": {Data: []byte(text)}, "other.yaml": {Data: []byte("get: { operationId: other }")}}
		d, err := OpenAPI(files, "api", "api.yaml")
		if err == nil {
			soundDraft(t, d)
		}
	})
}

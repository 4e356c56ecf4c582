package importer

import (
	"os"
	"testing"
	"testing/fstest"
)

// Whatever the text, an importer ends with an error or with a draft that compiles.

func FuzzNginx(f *testing.F) {
	for _, name := range []string{"nginx.conf", "sites/20-shop.conf", "sites/30-media.conf"} {
		text, err := os.ReadFile("testdata/nginx/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("location ~ ^/(a|b)/([0-9]+)$ { proxy_pass http://a:1; } location / { proxy_pass http://b:1/x; }")
	f.Add("server { server_name ~^x$ *.a .b; location = \"/a b\" { proxy_pass $x; } include a; }")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Nginx(fstest.MapFS{"a": {Data: []byte(text)}}, "/etc/nginx", "a")
		if err == nil {
			checked(t, d)
		}
	})
}

func FuzzCaddy(f *testing.F) {
	f.Add(`{"apps":{"http":{"servers":{"s":{"routes":[{"@id":"a","match":[{"path":["/a*"],"host":["x"],"method":["GET"]}],"handle":[{"handler":"reverse_proxy","upstreams":[{"dial":"a:1"}],"transport":{"protocol":"http","tls":{}}}]}]}}}}}`)
	f.Add(`{"apps":{"http":{"servers":{"s":{"routes":[{"match":[{"path_regexp":{"pattern":"^/a/[^/]+$"}},{"not":[{"path":["/b"]}]}],"handle":[{"handler":"subroute","routes":[{"handle":[{"handler":"rewrite","uri":"/x{http.request.uri.path}"},{"handler":"file_server"}]}]}]}]}}}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Caddy("caddy.json", []byte(text), false)
		if err == nil {
			checked(t, d)
		}
	})
}

func FuzzOpenAPI(f *testing.F) {
	for _, name := range []string{"shop.yaml", "old.json"} {
		text, err := os.ReadFile("testdata/openapi/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("openapi: 3.1.0\ninfo: {title: x, version: '1'}\nservers: [{url: 'https://x/{v}/', variables: {v: {default: a}}}]\npaths: {'/a/{b}.{c}': {get: {operationId: x}}}\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := OpenAPI(fstest.MapFS{"a": {Data: []byte(text)}}, "api", "a")
		if err == nil {
			checked(t, d)
		}
	})
}

package rewrite

import (
	"net/http"
	"net/url"
	"testing"
)

// BenchmarkRequest and BenchmarkResponse: what a route with rewrites costs beside the
// forwarding itself.
func BenchmarkRequest(b *testing.B) {
	r := rewriterOf(b, moved("it", "/shop/cart/{id}", toCarts))
	seen := ask(r, "/shop/cart/7").seen
	out := &http.Request{URL: &url.URL{Opaque: "/shop/cart/7"}, Header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		r.Request(out, seen)
	}
}

func BenchmarkResponse(b *testing.B) {
	r := rewriterOf(b, moved("it", "/shop/cart/{id}", toCarts))
	seen := ask(r, "/shop/cart/7").seen
	sent := &http.Request{URL: &url.URL{Scheme: "http", Host: "10.0.0.5:9103", Opaque: "/v2/carts/7"}, Host: "shop.example"}
	for name, header := range map[string]http.Header{
		"plain":    {"Content-Type": {"application/json"}},
		"redirect": {"Location": {"http://10.0.0.5:9103/v2/carts/8"}, "Set-Cookie": {"sid=1; Path=/v2/carts; HttpOnly"}},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				answer := &http.Response{StatusCode: 201, Header: header.Clone()}
				r.Response(answer, sent, seen)
			}
		})
	}
}

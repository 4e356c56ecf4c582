package backend

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"ficus/gateway/route"
)

// cannedLeaf answers with one answer.
type cannedLeaf struct{ body io.ReadCloser }

func (l cannedLeaf) Close() error { return nil }

func (l cannedLeaf) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Body: l.body}, nil
}

// What a call costs over its transport.
func BenchmarkCall(b *testing.B) {
	leaf := cannedLeaf{io.NopCloser(strings.NewReader(""))}
	r, _ := http.NewRequest("GET", "http://x/", nil)
	one := definition("cart", "http://a:1")
	full := one
	full.MaxInflight = 256
	adaptive := full
	adaptive.Adaptive = route.On
	three := full
	three.Addresses = []string{"http://a:1", "http://b:1", "http://c:1"}
	fastest := three
	fastest.Balance = route.LeastTime
	bare := one
	bare.Breaker.Enabled = route.Off
	b.Run("leaf", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			response, _ := leaf.RoundTrip(r)
			response.Body.Close()
		}
	})
	for _, bc := range []struct {
		name string
		d    route.Backend
	}{{"bare", bare}, {"breaker", one}, {"breaker+bulkhead", full}, {"adaptive", adaptive}, {"three_addresses", three}, {"least_time", fastest}} {
		backend := held(b, bc.d, leaf)
		call := func() {
			call, err := backend.Admit(r.Context(), false)
			if err != nil {
				b.Fatal(err)
			}
			response, err := call.Try(r)
			call.Finish(response, err)
			response.Body.Close()
		}
		b.Run(bc.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				call()
			}
		})
	}
}

package bearer

import (
	"fmt"
	"testing"
)

// BenchmarkVerify is a request with a bearer token: remembered, and for each algorithm
// seen for the first time.
func BenchmarkVerify(b *testing.B) {
	s := open(b, Config{KeysFile: keysFile(b, allKeys())})
	b.Run("cached", func(b *testing.B) {
		r := request("Bearer " + sign("RS256", goodClaims()))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Identify(b.Context(), r); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("cached/parallel", func(b *testing.B) {
		r := request("Bearer " + sign("RS256", goodClaims()))
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := s.Identify(b.Context(), r); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	for _, alg := range Algorithms() {
		b.Run("cold/"+alg, func(b *testing.B) {
			token := sign(alg, goodClaims())
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := s.verify(b.Context(), token, testNow); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("refused", func(b *testing.B) {
		r := request("Bearer " + sign("RS256", with(goodClaims(), map[string]any{"exp": 1})))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Identify(b.Context(), r); err == nil {
				b.Fatal("accepted")
			}
		}
	})
	b.Run("none", func(b *testing.B) {
		r := request(fmt.Sprint("Basic ", "dTpw"))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Identify(b.Context(), r); err != nil {
				b.Fatal(err)
			}
		}
	})
}

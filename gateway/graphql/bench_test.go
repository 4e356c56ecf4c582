package graphql

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// bodies are requests as clients send them, and the costliest that fit.
func bodies() map[string]string {
	fragments := "query Shop($n:Int=24){products(perPage:$n){...Page} product(id:7){...Product}} fragment Page on ProductPage{total pages items{...Product}} "
	for i := range 20 {
		fragments += fmt.Sprintf("fragment F%d on Product { id sku name category description tags price currency stock inStock url picture } ", i)
	}
	fragments += "fragment Product on Product{...F0 ...F1 id}"
	fill := func(unit string, n int) string { return strings.Repeat(unit, n/len(unit)) }
	return map[string]string{
		"small":         `{"query":"{products(q:\"tea\"){total items{id name price}}}","variables":{}}`,
		"fragments":     `{"operationName":"Shop","variables":{"n":24},"query":` + quoted(fragments) + `}`,
		"persisted":     `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + aHash + `"}},"variables":{"n":24}}`,
		"256KiB-value":  `{"query":"{a}","variables":{"x":"` + fill("x", MaxBody-100) + `"}}`,
		"256KiB-keys":   `{"query":"{a}","variables":{"x":0` + keys(MaxBody-1000) + `}}`,
		"256KiB-string": `{"query":"{a(x:\"` + fill(`x`, MaxBody-1000) + `\")}"}`,
		"256KiB-block":  `{"query":"{a(x:\"\"\"` + fill(`\n `, MaxBody-1000) + `\"\"\")}"}`,
		"256KiB-blank":  `{"query":"{a` + fill(",", MaxBody-1000) + `}"}`,
		"10k-tokens":    `{"query":"{` + strings.Repeat("a ", maxTokens-10) + `}"}`,
		"10k-comments":  `{"query":"{` + strings.Repeat(`#\n`, maxTokens-10) + `a}"}`,
		"1k-fragments":  `{"query":"{` + many("...F%d ", 900) + `}` + many("fragment F%d on Q{a}", 900) + `"}`,
		"deep":          `{"query":"` + strings.Repeat("{a", 900) + strings.Repeat("}", 900) + `"}`,
	}
}

func keys(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, `,"%d":0`, i)
	}
	return b.String()
}

func many(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func BenchmarkBody(b *testing.B) {
	for name, body := range bodies() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			text := []byte(body)
			for b.Loop() {
				if op := FromBody("application/json", text, ""); op.Refused != "" {
					b.Fatalf("refused: %s", op.Refused)
				}
			}
		})
	}
}

func BenchmarkQuery(b *testing.B) {
	rawQuery := "operationName=A&variables=%7B%7D&query=" + url.QueryEscape("query A{products(q:\"tea\"){total items{id name price}}}")
	b.ReportAllocs()
	for b.Loop() {
		if op := FromQuery(rawQuery); op.Refused != "" {
			b.Fatalf("refused: %s", op.Refused)
		}
	}
}

// What a client can make the gateway do with one request is bounded: some
// milliseconds, here with much room for slow machines.
func TestCostIsBounded(t *testing.T) {
	for name, body := range bodies() {
		if len(body) > MaxBody {
			t.Errorf("%s has %d bytes", name, len(body))
		}
		started := time.Now()
		FromBody("application/json", []byte(body), "")
		if took := time.Since(started); took > 2*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

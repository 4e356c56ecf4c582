package control

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"ficus/gateway/authz"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/telemetry"
)

// BenchmarkEdit is what one edit costs until its table is there to be published: one route
// of a file of a thousand moves.
func BenchmarkEdit(b *testing.B) {
	for _, size := range []int{1_000, 10_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			texts := [2][]byte{editedFile(size, "legacy"), editedFile(size, "new")}
			folder := fstest.MapFS{"routes.yaml": &fstest.MapFile{Data: texts[0]}}
			t := &Tables{
				FS: folder, Name: "routes", Lookup: func(string) (string, bool) { return "", false },
				Publish: func(*routetable.Table, *authz.Set) route.Problems { return nil },
				Metrics: telemetry.New(), Logger: slog.New(slog.DiscardHandler), Now: time.Now,
			}
			for i := 0; b.Loop(); i++ {
				folder["routes.yaml"].Data = texts[i%2]
				if outcome, problems := t.Load(); outcome != Applied {
					b.Fatal(outcome, problems)
				}
			}
		})
	}
}

func editedFile(size int, stage string) []byte {
	var text strings.Builder
	text.WriteString("backends:\n  legacy:\n    addresses: [\"http://127.0.0.1:9101\"]\n  other:\n    addresses: [\"http://127.0.0.1:9102\"]\n\n" +
		"defaults:\n  policy: public\n  backend: other\n\nroutes:\n")
	for i := range size {
		moved := ""
		if i == size/2 {
			moved = ", stage: " + stage
		}
		fmt.Fprintf(&text, "  - { id: r%d, match: \"/api/area%d/resource%d/{id}\"%s }\n", i, i/100, i, moved)
	}
	return []byte(text.String())
}

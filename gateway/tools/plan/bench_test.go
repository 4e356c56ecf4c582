package plan

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"ficus/gateway/route"
	"ficus/gateway/tools/accesslog"
)

// shopRoutes returns n routes of the shape that large tables have.
func shopRoutes(n int) []route.Definition {
	list := make([]route.Definition, n)
	for i := range list {
		resource := fmt.Sprintf("/api/area%d/resource%d", i/400, i/4)
		list[i] = route.Definition{ID: fmt.Sprintf("r%d", i), Settings: route.Settings{Backend: "a"}, Match: []string{
			"GET " + resource,
			"GET " + resource + "/{id}",
			"POST " + resource + "/{id}/items",
			resource + "/{id}/items/{item}",
		}[i%4]}
	}
	return list
}

// BenchmarkPlan compares tables of 10,000 routes, reading and compiling them aside.
func BenchmarkPlan(b *testing.B) {
	const n = 10_000
	for _, bench := range []struct {
		name string
		edit func([]route.Definition) []route.Definition
	}{
		{"ten routes differ", func(list []route.Definition) []route.Definition {
			for i := 0; i < n; i += n / 5 {
				list[i].Stage, list[i+1].Match = route.StageNew, fmt.Sprintf("GET /api/{area}/resource%d/{id}", i)
			}
			return list
		}},
		{"a route for everything", func(list []route.Definition) []route.Definition {
			return append(list, route.Definition{ID: "all", Match: "/{rest...}"})
		}},
		{"all routes move", func(list []route.Definition) []route.Definition {
			for i := range list {
				list[i].Match = strings.Replace(list[i].Match, "/api/", "/v2/", 1)
			}
			return list
		}},
		{"all routes change stage", func(list []route.Definition) []route.Definition {
			for i := range list {
				list[i].Stage = route.StageNew
			}
			return list
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			old := Version{"old", verdictOf(b, shopRoutes(n)...)}
			changed := Version{"new", verdictOf(b, bench.edit(slices.Clone(shopRoutes(n)))...)}
			sets := 0
			for b.Loop() {
				sets = len(Of(old, changed).Requests)
			}
			b.ReportMetric(float64(sets), "sets")
		})
	}
}

// BenchmarkObserve reads Caddy's access log.
func BenchmarkObserve(b *testing.B) {
	report := Of(Version{"old", verdictOf(b, shopRoutes(10_000)...)}, Version{"new", verdictOf(b, shopRoutes(9_990)...)})
	const line = `{"level":"info","ts":1780308000.1,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.7",` +
		`"remote_port":"50000","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"shop.example:443","uri":"/api/area1/resource150/7",` +
		`"headers":{"User-Agent":["Mozilla/5.0"],"Accept":["*/*"],"Cookie":["REDACTED"]}},"bytes_read":0,"duration":0.004,"size":17,"status":200}` + "\n"
	b.SetBytes(int64(len(line)))
	log, err := accesslog.NewReader(io.LimitReader(lines(line), int64(b.N)*int64(len(line))))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	if err := report.Observe("log", "", log); err != nil || report.Traffic.Requests != int64(b.N) {
		b.Fatal(err, report.Traffic)
	}
}

// lines yields one line again and again.
type lines string

func (l lines) Read(p []byte) (int, error) {
	n := 0
	for n+len(l) <= len(p) {
		n += copy(p[n:], l)
	}
	if n == 0 {
		return 0, io.ErrShortBuffer
	}
	return n, nil
}

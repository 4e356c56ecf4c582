package e2e

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ficus/gateway/gatewaytest"
)

// BenchmarkShadow measures what shadowing costs the live path: a running gateway, in a
// process of its own, gets 400 requests a second, by turns at stage legacy and at stage
// shadow with a new side that misbehaves, 100 % copied; with "none" both are at stage
// legacy, which shows the noise. Of the turns' 99th percentiles the lowest counts, which a
// machine with other work disturbs least; and the gateway's CPU time for each request, the
// copies included. rss is the gateway's memory after a turn, the most that was seen.
//
//	go test ./gateway/e2e -run xxx -bench Shadow -benchtime 10x -timeout 1h
func BenchmarkShadow(b *testing.B) {
	sides := badSides(b)
	sides["is right"] = httptestSide(b)
	sides["none"] = sides["is right"]
	for _, name := range slices.Sorted(maps.Keys(sides)) {
		b.Run(strings.ReplaceAll(name, " ", "_"), func(b *testing.B) {
			g := startForLoad(b)
			stages := []string{"legacy", "shadow"}
			if name == "none" {
				stages[1] = "legacy"
			}
			g.stage("legacy", sides[name])
			g.paced(turn) // warm
			var p99, cpu [2][]float64
			var rss float64
			for range b.N {
				for i, stage := range stages {
					g.stage(stage, sides[name])
					latency, used := g.paced(turn)
					p99[i], cpu[i] = append(p99[i], latency), append(cpu[i], used)
				}
				rss = max(rss, g.rss())
			}
			b.ReportMetric(0, "ns/op") // says nothing here
			b.ReportMetric(slices.Min(p99[0]), "p99-ms@off")
			b.ReportMetric(slices.Min(p99[1]), "p99-ms@shadow")
			b.ReportMetric(slices.Min(p99[1])/slices.Min(p99[0]), "p99-ratio")
			b.ReportMetric(median(cpu[1])/median(cpu[0]), "cpu-ratio")
			b.ReportMetric(rss, "rss-MiB")
		})
	}
}

const (
	pace = 400             // requests a second
	turn = 2 * time.Second // of each stage
)

func httptestSide(b *testing.B) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 1024)) // as startForLoad's legacy
	}))
	b.Cleanup(s.Close)
	return s.URL
}

// stage moves the route and waits until it serves there.
func (g *loadedGateway) stage(stage, side string) {
	g.write("routes.yaml", shadowRoutes(stage, side))
	gatewaytest.Await(g.b, "stage "+stage, func() bool {
		return strings.Contains(fetch(g.b, g.metrics), fmt.Sprintf("ficus_table_routes{stage=%q} 1\n", stage))
	})
}

// paced sends requests at a steady pace, whether or not those before are answered, and
// returns the 99th percentile of what they took, in milliseconds, from when each was due,
// and the CPU time of the gateway for each, in microseconds.
func (g *loadedGateway) paced(during time.Duration) (p99, cpu float64) {
	n := int(during.Seconds() * pace)
	took := make([]float64, n)
	before, started := g.cpuTicks(), time.Now()
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			timer := time.NewTimer(0)
			defer timer.Stop()
			for i := w; i < n; i += workers {
				due := started.Add(time.Duration(i) * time.Second / pace)
				timer.Reset(time.Until(due))
				<-timer.C
				response, err := g.client.Get(g.url + "/x")
				if err != nil {
					g.b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
				if response.StatusCode != 200 {
					g.b.Errorf("status %d", response.StatusCode)
				}
				took[i] = float64(time.Since(due).Microseconds()) / 1000
			}
		})
	}
	wg.Wait()
	slices.Sort(took)
	const tick = 10_000 // microseconds, as in load
	return took[n*99/100], float64((g.cpuTicks()-before)*tick) / float64(n)
}

// rss is the memory of the gateway's process, in MiB.
func (g *loadedGateway) rss() float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", g.p.cmd.Process.Pid))
	if err != nil {
		g.b.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	var kib float64
	if _, err := fmt.Sscan(after, &kib); err != nil {
		g.b.Fatal(err)
	}
	return kib / 1024
}

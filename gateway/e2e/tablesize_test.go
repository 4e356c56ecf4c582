package e2e

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ficus/gateway/gatewaytest"
)

// BenchmarkTableSize compares a running gateway with one route with the same gateway
// with 10,000: rounds alternate between the two tables, and the medians of all rounds
// count. The figure that is steady on a shared machine is the CPU time of the gateway's
// process per request; the time that passes is given too.
//
//	go test ./gateway/e2e -run xxx -bench TableSize -benchtime 20x
func BenchmarkTableSize(b *testing.B) {
	g := startForLoad(b)
	tables := map[int]string{1: shopTable(1), 10_000: shopTable(10_000)}
	paths := make([]string, 1000)
	for i := range paths {
		paths[i] = fmt.Sprintf("/api/area%d/resource%d/%d", i*10/400, i*10/4, i)
	}
	cpu, wall := map[int][]float64{}, map[int][]float64{}
	for range b.N {
		for _, size := range []int{1, 10_000} {
			g.apply(tables[size], size)
			g.load(paths, 2000) // warm
			c, w := g.load(paths, 20_000)
			cpu[size], wall[size] = append(cpu[size], c), append(wall[size], w)
		}
	}
	b.ReportMetric(0, "ns/op") // says nothing here
	for size := range tables {
		b.ReportMetric(median(cpu[size]), fmt.Sprintf("cpu-µs/req@%d", size))
		b.ReportMetric(median(wall[size]), fmt.Sprintf("µs/req@%d", size))
	}
	b.ReportMetric(median(cpu[10_000])/median(cpu[1]), "cpu-ratio")
	b.ReportMetric(median(wall[10_000])/median(wall[1]), "ratio")
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// shopTable returns a route file with n routes at stage legacy.
func shopTable(n int) string {
	var b strings.Builder
	b.WriteString("routes:\n")
	for i := range n {
		match := fmt.Sprintf("POST /api/area%d/resource%d/{id}/items%d", i/400, i/4, i%4)
		if i%4 == 0 {
			match = fmt.Sprintf("GET /api/area%d/resource%d/{id}", i/400, i/4)
		}
		fmt.Fprintf(&b, "  - { id: r%d, match: %q, policy: public }\n", i, match)
	}
	return b.String()
}

// loadedGateway is a gateway in a process of its own, in front of a backend in this one.
type loadedGateway struct {
	b       *testing.B
	p       *process
	url     string
	metrics string
	routes  string
	client  *http.Client
}

func startForLoad(b *testing.B) *loadedGateway {
	if _, err := os.ReadFile("/proc/self/stat"); err != nil {
		b.Skip("the CPU time of a process is read from /proc: Linux only")
	}
	body := []byte(strings.Repeat("x", 1024))
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(body)
	}))
	b.Cleanup(backend.Close)
	g := &loadedGateway{b: b, routes: b.TempDir()}
	address, admin := gatewaytest.FreeAddress(b), gatewaytest.FreeAddress(b)
	g.write("legacy.yaml", fmt.Sprintf("backends: { legacy: { addresses: [%q] } }\n", backend.URL))
	b.Setenv("FICUS_ROUTES", g.routes)
	b.Setenv("FICUS_ADDRESS", "http://"+address)
	b.Setenv("FICUS_CONSOLE", "http://"+gatewaytest.FreeAddress(b))
	b.Setenv("FICUS_ADMIN", admin)
	g.p = ficus(b, "run", "--config", filepath.Join(gatewaytest.Root(b), "Caddyfile"))
	g.url, g.metrics = "http://"+address, "http://"+admin+"/metrics"
	transport := &http.Transport{MaxIdleConnsPerHost: workers, DisableCompression: true}
	b.Cleanup(transport.CloseIdleConnections)
	g.client = &http.Client{Transport: transport}
	gatewaytest.Await(b, "the gateway", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return g
}

func (g *loadedGateway) write(name, text string) {
	temp := filepath.Join(g.routes, "."+name)
	if err := errors.Join(os.WriteFile(temp, []byte(text), 0o600), os.Rename(temp, filepath.Join(g.routes, name))); err != nil {
		g.b.Fatal(err)
	}
}

// apply saves a table and waits until it serves.
func (g *loadedGateway) apply(text string, size int) {
	g.write("routes.yaml", text)
	want := fmt.Sprintf("ficus_table_routes{stage=\"legacy\"} %d\n", strings.Count(text, "id: "))
	gatewaytest.Await(g.b, fmt.Sprintf("the table of %d routes", size), func() bool {
		return strings.Contains(strings.ReplaceAll(fetch(g.b, g.metrics), "e+04", "0000"), want)
	})
}

const workers = 16

// load sends n requests and returns what each took, in microseconds: of the gateway's
// CPU, and of time.
func (g *loadedGateway) load(paths []string, n int) (cpu, wall float64) {
	before, started := g.cpuTicks(), time.Now()
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				response, err := g.client.Get(g.url + paths[i%len(paths)])
				if err != nil {
					g.b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
				if response.StatusCode != 200 {
					g.b.Errorf("status %d", response.StatusCode)
					return
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(started)
	const tick = 10_000 // microseconds: USER_HZ is 100 on every Linux
	return float64((g.cpuTicks()-before)*tick) / float64(n), float64(took.Microseconds()) / float64(n)
}

// cpuTicks is the CPU time of the gateway's process so far (proc(5), stat).
func (g *loadedGateway) cpuTicks() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", g.p.cmd.Process.Pid))
	if err != nil {
		g.b.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(after)
	var user, system int64
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		g.b.Fatal(err)
	}
	return user + system
}

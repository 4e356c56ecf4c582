package pipeline

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"ficus/gateway/route"
)

// Faults hit only once they are allowed, and log and metrics say so with each table.
func TestFaultsAreLoud(t *testing.T) {
	legacy := newBackend(t, "legacy", nil)
	g := newGateway(t, legacy, legacy)
	var log bytes.Buffer
	g.Logger = slog.New(slog.NewTextHandler(&log, nil))
	broken := route.Definition{ID: "cart", Match: "/cart", Settings: route.Settings{
		Backend: "other", Stage: route.StageNew,
		Resilience: route.Resilience{Faults: []route.Fault{{Abort: 503, Header: map[string]route.Wanted{"X-Rehearsal": "*"}}}},
	}}
	said := func(want string, active int) {
		t.Helper()
		if got := log.String(); want == "" && got != "" || !strings.Contains(got, want) || want != "" && !strings.Contains(got, "level=WARN") {
			t.Errorf("the log says %q, want %q", got, want)
		}
		log.Reset()
		text := "# HELP ficus_faults_active Routes whose backends are being broken on purpose.\n# TYPE ficus_faults_active gauge\nficus_faults_active " + string(rune('0'+active)) + "\n"
		if err := testutil.GatherAndCompare(g.registry, strings.NewReader(text), "ficus_faults_active"); err != nil {
			t.Error(err)
		}
	}
	meant := http.Header{"X-Rehearsal": {"1"}}
	faults := func() bool {
		return g.live.Load().routes[0].faults[route.New].Through(meant) != nil
	}
	g.publish(t, legacy, legacy, broken)
	said("", 0) // nobody has said yet whether they are allowed
	g.UseFaults(false)
	said(`faults of routes do nothing: the Caddyfile does not say faults on" count=1 routes=[cart]`, 0)
	if faults() {
		t.Error("faults that are not allowed hit")
	}
	g.UseFaults(true)
	said(`faults on purpose: requests of routes are broken for a rehearsal" count=1 routes=[cart]`, 1)
	if !faults() {
		t.Error("faults that are allowed don't hit")
	}
	g.publish(t, legacy, legacy, broken)
	said("faults on purpose", 1)
	broken.Faults = nil
	g.publish(t, legacy, legacy, broken)
	said("", 0)
	if faults() {
		t.Error("faults that are gone hit")
	}
}

package dashboard_test

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/control"
	"ficus/gateway/dashboard"
	"ficus/gateway/gatewaytest"
	"ficus/gateway/routetable"
	"ficus/gateway/telemetry"
)

var update = flag.Bool("update", false, "write deploy/grafana and deploy/prometheus anew")

// inCompose is how docker-compose.yml names gateway and Prometheus.
var inCompose = dashboard.Options{Gateways: []string{"gateway:8081"}, Prometheus: "http://prometheus:9090"}

func shipped(t *testing.T) *routetable.Table {
	t.Helper()
	dir := filepath.Join(gatewaytest.Root(t), "routes")
	v := control.Check(os.DirFS(dir), dir, func(string) (string, bool) { return "", false }, time.Time{})
	if v.Table == nil {
		t.Fatal(v.Problems.Text())
	}
	return v.Table
}

func made(t *testing.T, o dashboard.Options) []dashboard.File {
	t.Helper()
	files, err := dashboard.Files(telemetry.New().Catalogue(), shipped(t), o)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// deploy/ holds what is made for the shipped routes, as docker-compose.yml runs them.
func TestDeployIsCurrent(t *testing.T) {
	deploy, files := filepath.Join(gatewaytest.Root(t), "deploy"), made(t, inCompose)
	if *update {
		if _, err := dashboard.Write(deploy, files); err != nil {
			t.Fatal(err)
		}
	}
	found, err := dashboard.Compare(deploy, files)
	if err != nil || len(found) > 0 {
		t.Errorf("out of date: go test ./gateway/dashboard -update: %v %v", found, err)
	}
}

// The console's listener has what Prometheus scrapes in docker-compose.yml.
func TestConsoleHasMetrics(t *testing.T) {
	g := gatewaytest.Start(t, map[string]string{"legacy.yaml": "backends: { legacy: { addresses: [\"http://127.0.0.1:1\"] } }\n"})
	answer, err := g.Client().Get(g.Console + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 200 || !strings.Contains(string(text), "\nficus_table_info{") {
		t.Errorf("%s %v\n%s", answer.Status, err, text)
	}
}

func TestFolder(t *testing.T) {
	dir, files := t.TempDir(), made(t, dashboard.Options{})
	write := func() []dashboard.Difference {
		t.Helper()
		d, err := dashboard.Write(dir, files)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if d := write(); len(d) != len(files) {
		t.Errorf("of %d files %v was written", len(files), d)
	}
	if d := write(); len(d) > 0 {
		t.Errorf("made again, there is another one: %v", d)
	}
	for path, text := range map[string]string{
		"grafana/dashboards/ficus-old.json": "{}", "grafana/dashboards/mine.json": "{}", "prometheus/mine.rules.yml": "groups: []",
		"prometheus/prometheus.yml": "changed",
	} {
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "grafana/dashboards/ficus-route.json")); err != nil {
		t.Fatal(err)
	}
	want := []dashboard.Difference{
		{Path: "grafana/dashboards/ficus-old.json", What: "left over"},
		{Path: "grafana/dashboards/ficus-route.json", What: "missing"},
		{Path: "prometheus/prometheus.yml", What: "changed"},
	}
	found, err := dashboard.Compare(dir, files)
	if diff := cmp.Diff(want, found); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if diff := cmp.Diff(want, write()); diff != "" {
		t.Error(diff)
	}
	if _, err := os.Stat(filepath.Join(dir, "grafana/dashboards/mine.json")); err != nil {
		t.Errorf("a file of somebody else is gone: %v", err)
	}
}

func TestOptionsThatCannotBeMeant(t *testing.T) {
	for _, o := range []dashboard.Options{
		{Gateways: []string{"gateway"}}, {Gateways: []string{":2019"}}, {Gateways: []string{"http://gateway:2019"}},
		{Prometheus: "prometheus:9090"}, {Prometheus: "http://"}, {Prometheus: "ftp://x"},
	} {
		if _, err := dashboard.Files(telemetry.New().Catalogue(), shipped(t), o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

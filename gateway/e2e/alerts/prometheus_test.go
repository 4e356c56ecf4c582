package alerts

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ficus/gateway/dashboard/dashboardtest"
	"ficus/gateway/gatewaytest"
)

const howToGet = "apt-get install prometheus"

// committed returns the rule files of deploy/prometheus.
func committed(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(gatewaytest.Root(t), "deploy", "prometheus", "*.rules.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%q %v", files, err)
	}
	return files
}

// Debian's promtool takes the committed files.
func TestPromtool(t *testing.T) {
	promtool := gatewaytest.Need(t, howToGet, "promtool")
	out, err := exec.Command(promtool, append([]string{"check", "rules", "--lint=all", "--lint-fatal"}, committed(t)...)...).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Debian's Prometheus scrapes a gateway, evaluates the committed rules without an error, and
// answers a query.
func TestPrometheus(t *testing.T) {
	program := gatewaytest.Need(t, howToGet, "prometheus")
	s := dashboardtest.Start(t)
	s.Browse()
	api := startPrometheus(t, program, strings.TrimPrefix(s.Gateway.Admin, "http://"))

	api.await("a sample of the gateway", func() bool {
		var found struct {
			Result []struct{ Metric map[string]string }
		}
		api.get("query?query="+url.QueryEscape(`ficus_requests_total{side="new",code="200"}`), &found)
		return len(found.Result) > 0 && found.Result[0].Metric["route"] != ""
	})
	api.await("the rules to be evaluated", func() bool { return api.evaluated() == 0 })
	api.await("what a rule records", func() bool {
		var found struct{ Result []any }
		api.get("query?query="+url.QueryEscape(`job_route:ficus_objective:ratio{route="default"}`), &found)
		return len(found.Result) == 1
	})
}

// prometheusAPI is the HTTP API of a Prometheus that runs.
type prometheusAPI struct {
	t     *testing.T
	url   string
	ended chan struct{} // closed when it has ended
	log   *os.File
}

// startPrometheus runs one with the committed rules, until the test ends.
func startPrometheus(t *testing.T, program, target string) *prometheusAPI {
	t.Helper()
	dir := t.TempDir()
	config := fmt.Sprintf("global: { scrape_interval: 1s, evaluation_interval: 1s }\nrule_files: [%q]\n"+
		"scrape_configs:\n  - job_name: ficus\n    static_configs: [ { targets: [%q] } ]\n",
		filepath.Join(filepath.Dir(committed(t)[0]), "*.rules.yml"), target)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err := errors.Join(err, os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600)); err != nil {
		t.Fatal(err)
	}
	address := gatewaytest.FreeAddress(t)
	a := &prometheusAPI{t: t, url: "http://" + address, ended: make(chan struct{}), log: log}
	cmd := exec.Command(program, "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(a.ended)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-a.ended
		_ = log.Close()
	})
	a.await("Prometheus to be ready", func() bool {
		answer, err := http.Get(a.url + "/-/ready")
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	return a
}

// await polls until the condition holds; a minute is enough for a machine that does a lot
// else.
func (a *prometheusAPI) await(what string, condition func() bool) {
	a.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(time.Minute)
	for !condition() {
		select {
		case <-tick.C:
			continue
		case <-timeout:
		case <-a.ended:
		}
		log, _ := os.ReadFile(a.log.Name())
		a.t.Fatalf("in vain: %s\n%s", what, log)
	}
}

// get asks the API.
func (a *prometheusAPI) get(path string, into any) {
	a.t.Helper()
	answer, err := http.Get(a.url + "/api/v1/" + path)
	if err != nil {
		a.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	wrapped := struct{ Data any }{into}
	if err := errors.Join(err, json.Unmarshal(text, &wrapped)); err != nil {
		a.t.Fatalf("%s: %v\n%s", path, err, text)
	}
}

// evaluated returns how many rules have not been evaluated yet, and fails for one whose
// evaluation failed. Groups with an interval of their own take their time.
func (a *prometheusAPI) evaluated() (missing int) {
	a.t.Helper()
	var all struct {
		Groups []struct {
			Name     string
			Interval float64
			Rules    []struct{ Name, Health, LastError string }
		}
	}
	a.get("rules", &all)
	if len(all.Groups) == 0 {
		a.t.Fatal("no rules are loaded")
	}
	for _, g := range all.Groups {
		for _, r := range g.Rules {
			if r.LastError != "" {
				a.t.Fatalf("%s: %s", r.Name, r.LastError)
			}
			if r.Health != "ok" && g.Interval <= 1 {
				missing++
			}
		}
	}
	return missing
}

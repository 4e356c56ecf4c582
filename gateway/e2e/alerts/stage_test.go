package alerts

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	prometheus "github.com/prometheus/prometheus/rules"

	"ficus/gateway/dashboard/dashboardtest"
	"ficus/gateway/dashboard/rules"
)

// step is the time between two scrapes, each of which is followed by an evaluation of all
// rules; stride is that of scenes that last for hours. Both are shorter than the five
// minutes after which Prometheus forgets a sample.
const (
	step   = time.Minute
	stride = 4 * time.Minute
)

// A stage is a scene with the rules of its own table.
type stage struct {
	*dashboardtest.Scene
	t      testing.TB
	groups []*prometheus.Group
	others []given // series of another gateway, which each scrape finds too
	asked  int     // requests of mostly
}

// newStage starts a gateway that is well.
func newStage(t testing.TB) *stage {
	t.Helper()
	s := &stage{Scene: dashboardtest.Start(t), t: t}
	s.change("orders.yaml", "    faults: [ { header: { X-Rehearsal: \"*\" }, abort: 503 } ]\n", "")
	s.change("orders.yaml", "    retry_budget: { ratio: 0.01, floor: 0 }\n", "")
	s.groups = loadRules(t, s.Prometheus, s.ruleFiles())
	s.pass(3*step, step, s.visit)
	return s
}

func (s *stage) ruleFiles() []rules.File {
	s.t.Helper()
	files, err := rules.Files(s.Gateway.Table(), rules.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	return files
}

// loadRules has Prometheus load the files, as one that starts does, those first that record.
func loadRules(t testing.TB, p *dashboardtest.Prometheus, files []rules.File) []*prometheus.Group {
	t.Helper()
	dir := t.TempDir()
	manager := prometheus.NewManager(&prometheus.ManagerOptions{
		QueryFunc:    prometheus.EngineQueryFunc(p.Engine, p.DB),
		AppendableV2: p.DB, Queryable: p.DB, Context: t.Context(),
		NotifyFunc: func(context.Context, string, ...*prometheus.Alert) {},
		Logger:     slog.New(slog.DiscardHandler), Parser: parser.NewParser(parser.Options{}),
		NameValidationScheme: model.UTF8Validation,
	})
	var list []*prometheus.Group
	for _, f := range files {
		path := filepath.Join(dir, f.Name)
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		groups, errs := manager.LoadGroups(step, labels.EmptyLabels(), "", nil, false, path)
		if errs != nil {
			t.Fatal(errs)
		}
		for _, name := range slices.Sorted(maps.Keys(groups)) {
			list = append(list, groups[name])
		}
	}
	for _, g := range list {
		for _, r := range g.AlertingRules() {
			r.SetRestored(true)
		}
	}
	return list
}

// pass lets time pass, with a load before each scrape.
func (s *stage) pass(d, between time.Duration, load ...func()) {
	s.t.Helper()
	for end := s.Prometheus.Now().Add(d); s.Prometheus.Now().Before(end); {
		for _, do := range load {
			do()
		}
		s.Scrape()
		s.evaluate(between)
	}
}

// evaluate runs all rules at the time of the last scrape, and lets time pass until the next.
func (s *stage) evaluate(between time.Duration) {
	s.t.Helper()
	at := s.Prometheus.Now().Add(-dashboardtest.Interval)
	s.scrapeOthers(at)
	for _, g := range s.groups {
		g.Eval(s.t.Context(), at)
		for _, r := range g.Rules() {
			if err := r.LastError(); err != nil {
				s.t.Fatalf("%s: %v", r.Name(), err)
			}
		}
	}
	s.Prometheus.Advance(between - dashboardtest.Interval)
}

// firing returns the alerts that fire now, each by its key.
func (s *stage) firing() []string {
	found := map[string]bool{}
	for _, g := range s.groups {
		for _, r := range g.AlertingRules() {
			for _, a := range r.ActiveAlerts() {
				if a.State == prometheus.StateFiring {
					found[key(r)] = true
					s.checkTexts(a)
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// checkTexts fails where a text of an alert could not be filled in.
func (s *stage) checkTexts(a *prometheus.Alert) {
	s.t.Helper()
	for _, text := range []string{"summary", "description", "runbook_url"} {
		if said := a.Annotations.Get(text); said == "" || strings.Contains(said, "<") || strings.Contains(said, "  ") {
			s.t.Errorf("%s: the %s is %q", a.Labels, text, said)
		}
	}
	s.t.Logf("%s: %s", a.Labels.Get("alertname"), a.Annotations.Get("description"))
}

// key tells alerts of one name apart.
func key(r *prometheus.AlertingRule) string {
	k := r.Name() + " " + r.Labels().Get("severity")
	if window := r.Labels().Get("window"); window != "" {
		k += " " + window
	}
	return k
}

// file returns what a route file says now.
func (s *stage) file(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Gateway.Routes, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// write edits a file of the route folder, and the table with it.
func (s *stage) write(name, text string) {
	s.t.Helper()
	s.Edit(name, text)
	if ok, _ := s.Gateway.Metric("ficus_table_last_reload_successful"); ok != "1" {
		_, status := s.Gateway.AdminGet("/ficus/status")
		s.t.Fatalf("%s is rejected: %s", name, status)
	}
}

// change is an edit that replaces one text in a file by another.
func (s *stage) change(name, from, to string) {
	s.t.Helper()
	text := s.file(name)
	if !strings.Contains(text, from) {
		s.t.Fatalf("%s has no %q to be changed:\n%s", name, from, text)
	}
	s.write(name, strings.Replace(text, from, to, 1))
}

// visit is a load so small that alerts about times, which a busy machine could cause, have
// too little to judge by.
func (s *stage) visit() {
	s.t.Helper()
	for _, client := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
		s.Ask(client, "GET", "/", "")
		s.Ask(client, "GET", "/api/cart", "")
		s.Ask(client, "POST", "/api/cart", `{"product":7}`)
	}
	s.Ask("", "GET", "/api/products/7", "")
	s.Ask("", "GET", "/api/orders", "")
}

// mostly returns a load of requests to legacy, of which each nth is answered with 500.
func (s *stage) mostly(requests, nth int) func() {
	s.Legacy.Answer(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/broken" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	return func() {
		s.t.Helper()
		for range requests {
			path := "/"
			if s.asked%nth == 0 {
				path = "/broken"
			}
			s.asked++
			s.Ask("", "GET", path, "")
		}
	}
}

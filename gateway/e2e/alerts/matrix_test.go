package alerts

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/dashboard/dashboardtest"
	"ficus/gateway/dashboard/rules"
	"ficus/gateway/gatewaytest"
	"ficus/gateway/routetable"
)

var update = flag.Bool("update", false, "write the matrix of docs/RUNBOOK.md anew")

// Each alert fires in a scenario, and in each scenario only those fire that should.
func TestAlerts(t *testing.T) {
	all := map[string]bool{}
	for _, sc := range scenarios {
		t.Run(strings.ReplaceAll(sc.name, " ", "_"), func(t *testing.T) {
			s := newStage(t)
			for _, g := range s.groups {
				for _, r := range g.AlertingRules() {
					all[key(r)] = true
				}
			}
			sc.play(s)
			if diff := cmp.Diff(sc.fires, s.firing()); diff != "" {
				t.Errorf("%s: (-should fire +fires)\n%s", sc.name, diff)
			}
		})
	}
	t.Logf("\n%s", matrix())
	played := map[string]bool{}
	for _, sc := range scenarios {
		for _, k := range sc.fires {
			played[k] = true
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(all)), slices.Sorted(maps.Keys(played))); diff != "" {
		t.Errorf("(-alerts +those that fire in a scenario)\n%s", diff)
	}
}

// A Prometheus that has never seen a gateway says so.
func TestNoGatewayEver(t *testing.T) {
	files, err := rules.Files(&routetable.Table{}, rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := dashboardtest.NewPrometheus(t)
	s := &stage{Scene: &dashboardtest.Scene{Prometheus: p}, t: t, groups: loadRules(t, p, files)}
	s.gone(7 * time.Minute)
	if diff := cmp.Diff([]string{"FicusAbsent page"}, s.firing()); diff != "" {
		t.Errorf("(-should fire +fires)\n%s", diff)
	}
}

// matrix is the table of all scenarios.
func matrix() string {
	var b strings.Builder
	b.WriteString("| what happens | what fires |\n| --- | --- |\n")
	for _, sc := range scenarios {
		fires := "nothing"
		if len(sc.fires) > 0 {
			fires = strings.Join(sc.fires, ", ")
		}
		fmt.Fprintf(&b, "| %s | %s |\n", sc.name, fires)
	}
	return b.String()
}

// The runbook shows the scenarios that are played.
func TestMatrixIsCurrent(t *testing.T) {
	path := filepath.Join(gatewaytest.Root(t), "docs", "RUNBOOK.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const mark = "<!-- made by go test ./gateway/e2e/alerts -update -->\n"
	before, shown, found := strings.Cut(string(text), mark)
	if !found {
		t.Fatalf("docs/RUNBOOK.md has no %q", mark)
	}
	if *update {
		shown = "\n" + matrix()
		if err := os.WriteFile(path, []byte(before+mark+shown), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff("\n"+matrix(), shown); diff != "" {
		t.Errorf("out of date: go test ./gateway/e2e/alerts -run Matrix -update (-want +is)\n%s", diff)
	}
}

package rules

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/telemetry"
)

func runbook(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../" + DefaultRunbook)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// parts are what a section of an alert says, in this order.
var parts = []string{"What it means.", "What clients see.", "First look.", "Stop the bleeding.", "Likely causes.", "Over when."}

var bold = regexp.MustCompile(`(?m)^\*\*([^*]+)\*\*`)

// Each alert has a section, and each section of an alert an alert: runbook_url leads to the
// heading, whose anchor is its text in lower case.
func TestRunbookHasASectionForEachAlert(t *testing.T) {
	var sections []string
	for _, section := range strings.Split(runbook(t), "\n## ")[1:] {
		name, text, _ := strings.Cut(section, "\n")
		if !strings.HasPrefix(name, "Ficus") {
			continue
		}
		sections = append(sections, name)
		var has []string
		for _, m := range bold.FindAllStringSubmatch(text, -1) {
			has = append(has, m[1])
		}
		if diff := cmp.Diff(parts, has); diff != "" {
			t.Errorf("%s (-want +has)\n%s", name, diff)
		}
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(Alerts())), slices.Sorted(slices.Values(sections))); diff != "" {
		t.Errorf("(-alerts +sections)\n%s", diff)
	}
}

var (
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	link    = regexp.MustCompile(`\]\(#([^)]*)\)`)
	metric  = regexp.MustCompile(`ficus_[a-z_]+[a-z]`)
)

// Links of the runbook lead somewhere.
func TestRunbookLinks(t *testing.T) {
	text := runbook(t)
	anchors := map[string]bool{}
	for _, h := range heading.FindAllStringSubmatch(text, -1) {
		anchors[strings.ReplaceAll(strings.ToLower(h[1]), " ", "-")] = true
	}
	links := link.FindAllStringSubmatch(text, -1)
	if len(links) == 0 {
		t.Error("there are no links")
	}
	for _, l := range links {
		if !anchors[l[1]] {
			t.Errorf("a link leads to #%s, which is no heading", l[1])
		}
	}
}

// The runbook names metrics that there are, or how several of them begin.
func TestRunbookNamesMetricsThatExist(t *testing.T) {
	named := metric.FindAllString(runbook(t), -1)
	if len(named) < 10 {
		t.Errorf("%d metrics are named", len(named))
	}
	for _, name := range named {
		if !slices.ContainsFunc(telemetry.New().Catalogue(), func(d telemetry.Description) bool { return strings.HasPrefix(d.Name, name) }) {
			t.Errorf("there is no metric %s", name)
		}
	}
}

package docs

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/telemetry"
)

var update = flag.Bool("update", false, "write docs/METRICS.md anew")

// docs/METRICS.md is what the catalogue says.
func TestMetricsAreCurrent(t *testing.T) {
	const path = "../../../docs/METRICS.md"
	want := Metrics(telemetry.New().Catalogue())
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	is, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(is), "\n")); diff != "" {
		t.Errorf("out of date: go test ./gateway/tools/docs -update (-want +is)\n%s", diff)
	}
}

package routes_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"ficus/gateway/control"
	"ficus/gateway/tools/golden"
)

// The shipped routes do what their cases say, and no route is without one.
func TestCases(t *testing.T) {
	here := os.DirFS(".")
	v := control.Check(here, "routes", os.LookupEnv, time.Now())
	if v.Problems.HasErrors() {
		t.Fatal(v.Problems.Text())
	}
	suite, problems := golden.Read(here, "routes")
	if len(problems) > 0 {
		t.Fatal(problems.Text())
	}
	report := suite.Run(v.Table, nil)
	if report.Failed > 0 || report.Coverage.Below(100) {
		var text strings.Builder
		if err := report.Print(&text, false); err != nil {
			t.Fatal(err)
		}
		t.Error("\n" + text.String())
	}
}

package faults

import (
	"cmp"
	"flag"
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"ficus/gateway/gatewaytest"
)

var update = flag.Bool("update", false, "write the table that is true now into docs/FAULTS.md")

const (
	tableBegins = "<!-- The table is written by: go test ./gateway/e2e/faults -run TestFaults -update -->\n"
	tableEnds   = "<!-- The table ends. -->\n"
)

// checkDocument holds the table of docs/FAULTS.md against the matrix, which has just been
// found to be true.
func checkDocument(t *testing.T) {
	t.Helper()
	want := written(matrix)
	table := gatewaytest.Part(t, "docs/FAULTS.md", tableBegins, tableEnds, want, *update)
	if diff := gocmp.Diff(want, table); diff != "" {
		t.Errorf("docs/FAULTS.md (-what is true +what it says); -update writes it:\n%s", diff)
	}
}

// written is the matrix for people.
func written(faults []fault) string {
	var b strings.Builder
	b.WriteString("| the new side | request | the client sees | new got | legacy got | breaker | fallback | retried |\n")
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, f := range faults {
		subject := fmt.Sprintf("**%s**: %s", f.name, f.how)
		for _, row := range f.rows {
			w := row.want
			cells := []string{subject, row.kinds.name(), w.Client, w.New, w.Legacy, w.Breaker, w.Fallback, w.Retries}
			for i, cell := range cells[1:] {
				cells[i+1] = cmp.Or(strings.ReplaceAll(cell, " | ", " or "), "varies")
			}
			fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
			subject = ""
		}
	}
	return b.String()
}

// name is what a set of kinds is called in the table.
func (k kind) name() string {
	names := []struct {
		kind
		name string
	}{{every, "any"}, {small, "GET, short PUT, POST with a key"}, {once, "POST"}}
	for _, set := range names {
		if k == set.kind {
			return set.name
		}
		if k&set.kind == set.kind {
			return set.name + ", " + (k &^ set.kind).name()
		}
	}
	return k.String()
}

package apps

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"ficus/gateway/gatewaytest"
)

var update = flag.Bool("update", false, "write what is true now into docs/APPLICATIONS.md")

// part is a piece of docs/APPLICATIONS.md that a test writes.
func part(name string) (begins, ends string) {
	return "<!-- " + name + ": written by go test ./gateway/e2e/apps -update -->\n", "<!-- end of " + name + " -->\n"
}

// checkDocument holds docs/APPLICATIONS.md against what was compared.
func checkDocument(t *testing.T, tallies []tally) {
	t.Helper()
	checkPart(t, "exchanges", exchangesTable(tallies))
	checkPart(t, "differences", differencesTable())
}

func checkPart(t *testing.T, name, want string) {
	t.Helper()
	begins, ends := part(name)
	is := gatewaytest.Part(t, "docs/APPLICATIONS.md", begins, ends, want, *update)
	if diff := gocmp.Diff(want, is); diff != "" {
		t.Errorf("docs/APPLICATIONS.md (-what is true +what it says); -update writes it:\n%s", diff)
	}
}

func exchangesTable(tallies []tally) string {
	var b strings.Builder
	b.WriteString("| application | what it is | exchanges | kinds of status | parts moved |\n| --- | --- | --- | --- | --- |\n")
	all := 0
	for _, a := range tallies {
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d |\n", a.name, a.what, a.exchanges, a.statuses, len(a.moved))
		all += a.exchanges
	}
	fmt.Fprintf(&b, "| **all** | | **%d** | | |\n", all)
	return b.String()
}

func differencesTable() string {
	var b strings.Builder
	b.WriteString("| what may differ | of | why |\n| --- | --- | --- |\n")
	for _, l := range allowed {
		of := strings.Join(l.apps, ", ")
		if of == "" {
			of = "all"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", l.what, of, l.why)
	}
	return b.String()
}

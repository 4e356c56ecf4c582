package plan

import (
	"strings"
	"testing"
)

// An edit for which a gateway will ask says so, and how it is answered.
func TestRemovalIsTold(t *testing.T) {
	all := shopRoutes(20)
	for _, tc := range []struct {
		name      string
		old, left int
		gone      int // 0: nobody asks
	}{
		{"half", 20, 10, 0},
		{"more", 20, 9, 11},
		{"few routes", 8, 1, 0},
	} {
		report := Of(Version{"old", verdictOf(t, all[:tc.old]...)}, Version{"new", verdictOf(t, all[:tc.left]...)})
		var text strings.Builder
		if err := report.Print(&text, false); err != nil {
			t.Fatal(err)
		}
		const line = "! 11 of 20 routes are gone: a gateway waits for ficus routes confirm (above max_removal, 50% by default)\n"
		if told := report.Removal != nil; told != (tc.gone > 0) || told != strings.Contains(text.String(), line) || told && (report.Removal.Gone != tc.gone || report.Removal.Hash != "") {
			t.Errorf("%s: %+v\n%s", tc.name, report.Removal, &text)
		}
	}
}

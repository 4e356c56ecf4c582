package shadow

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/parity"
)

// What is found of a route is counted place by place, the most frequent first, and what was
// not seen for longest makes room.
func TestNotes(t *testing.T) {
	c := &Copier{notes: notes{routes: map[string][]Finding{}}}
	at := func(second int) time.Time { return time.Unix(int64(second), 0) }
	c.notes.add("a", parity.Difference{Kind: parity.JSON, Where: "/total"}, at(1))
	for i := range 3 {
		c.notes.add("a", parity.Difference{Kind: parity.Status}, at(2+i))
	}
	c.notes.add("b", parity.Difference{Kind: parity.JSON, Where: strings.Repeat("ä", maxWhere)}, at(3))
	want := []Finding{{parity.Status, "", 3, at(4)}, {parity.JSON, "/total", 1, at(1)}}
	if diff := cmp.Diff(want, c.Findings("a")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := c.Findings("b"); len(got) != 1 || got[0].Where != strings.Repeat("ä", maxWhere/2) {
		t.Errorf("a long place: %+v", got)
	}
	for i := range maxFindings - 1 {
		c.notes.add("a", parity.Difference{Kind: parity.Header, Where: fmt.Sprint("H", i)}, at(10+i))
	}
	if got := c.Findings("a"); len(got) != maxFindings || strings.Contains(fmt.Sprint(got), "/total") || got[0].Kind != parity.Status {
		t.Errorf("%d findings: %v", len(got), got)
	}
	for i := range maxNoted - 1 {
		c.notes.add(fmt.Sprint("r", i), parity.Difference{Kind: parity.Body}, at(100+i))
	}
	if len(c.notes.routes) != maxNoted || c.Findings("b") != nil || c.Findings("a") == nil || c.Findings("r0") == nil {
		t.Errorf("%d routes are noted", len(c.notes.routes))
	}
}

package list

import (
	"fmt"
	"io"
	"path"
	"strings"

	"ficus/gateway/route"
)

// headings are the columns. Those without content are left out.
var headings = []string{"ID", "MATCH", "STAGE", "BACKEND", "GROUP", "OWNER", "POLICY", "WHERE"}

// A layout is how a route is shown: its cells, and what stands on lines of its own
// below them.
type layout func(r *Route) (cells, below []string)

// layouts are tried in this order, until one is not too wide.
var layouts = []layout{
	func(r *Route) (cells, below []string) {
		return r.cells(strings.TrimSpace(r.Match + " " + r.when())), nil
	},
	func(r *Route) (cells, below []string) { return r.cells(r.Match), []string{r.when()} },
	func(r *Route) (cells, below []string) { return r.cells(""), []string{r.Match, r.when()} },
}

func (r *Route) when() string {
	if r.When == "" {
		return ""
	}
	return "when " + r.When
}

func (r *Route) cells(match string) []string {
	stage := r.Stage.String()
	if r.Weight != nil {
		stage += fmt.Sprintf(" %g %%", *r.Weight)
	}
	group := r.Group
	if group == r.ID {
		group = "" // it is alone
	}
	return []string{r.ID, match, stage, r.Backend, group, r.Owner, r.Policy, fmt.Sprintf("%s:%d", path.Base(r.File), r.Line)}
}

// Print writes the routes for people, as a table that is at most so many columns wide;
// 0 is any width.
func (l *List) Print(w io.Writer, width int) error {
	var b strings.Builder
	if len(l.Routes) > 0 {
		t := l.table(width)
		t.print(&b, width)
		b.WriteByte('\n')
	}
	b.WriteString(l.summary() + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func (l *List) table(width int) *table {
	var t *table
	for _, show := range layouts {
		t = &table{}
		for i := range l.Routes {
			cells, below := show(&l.Routes[i])
			t.rows = append(t.rows, row{cells, below})
		}
		if width == 0 || total(t.widths()) <= width {
			break
		}
	}
	return t
}

func (l *List) summary() string {
	text := fmt.Sprintf("%d routes", l.Total)
	if l.Total == 1 {
		text = "1 route"
	}
	if len(l.Routes) < l.Total {
		text = fmt.Sprintf("%d of %s", len(l.Routes), text)
	}
	counts := map[route.Stage]int{}
	for i := range l.Routes {
		counts[l.Routes[i].Stage]++
	}
	separator := ": "
	for _, stage := range route.Stages {
		if counts[stage] > 0 {
			text += fmt.Sprintf("%s%d %s", separator, counts[stage], stage)
			separator = ", "
		}
	}
	return text + "; revision " + l.Revision
}

package overview

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"ficus/gateway/traffic"
)

// Print writes the overview for people: one screen.
func (o *Overview) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(cells ...string) { fmt.Fprintln(t, plain(strings.Join(cells, "\t"))) }
	r := o.Readiness
	row("status", strings.ReplaceAll(r.Status, "_", " ")+": "+r.Message)
	row("table", fmt.Sprintf("revision %s, from %s: %d routes", orDash(r.Revision), r.Source, o.Routes))
	row("stages", o.stageText())
	row("traffic", fmt.Sprintf("legacy %s/s, %s errors; new %s/s, %s errors", rateText(o.Traffic.Legacy.Rate), shareText(o.Traffic.Legacy), rateText(o.Traffic.New.Rate), shareText(o.Traffic.New)))
	for i, k := range o.Kills {
		row(first(i, "killed"), killText(k, o.Time))
	}
	for i, b := range o.Backends {
		row(first(i, "backends"), backendText(b))
	}
	if s := o.Shadow; s != nil {
		row("shadow", fmt.Sprintf("%d copies, %d compared, %s alike", s.Copies, s.Compared, parityText(s.AlikePercent())))
	}
	row("problems", fmt.Sprintf("%d errors, %d warnings", r.Errors, r.Warnings))
	for i, p := range o.Problems.Problems {
		if i == maxPrinted {
			row("", "…and more: ficus routes check")
			break
		}
		row("", p.String())
	}
	for i, e := range o.Changes {
		about := e.Route
		if about == "" {
			about = e.Backend
		}
		row(first(i, "changes"), strings.Join(strings.Fields(e.Time.Local().Format(time.DateTime)+" "+strings.ReplaceAll(string(e.Kind), "_", " ")+" "+about), " ")+": "+e.Text)
	}
	return t.Flush()
}

const maxPrinted = 5

func first(i int, name string) string {
	if i == 0 {
		return name
	}
	return ""
}

func (o *Overview) stageText() string {
	texts := make([]string, len(o.Stages))
	for i, s := range o.Stages {
		texts[i] = fmt.Sprintf("%s %d", s.Stage, s.Routes)
	}
	return strings.Join(texts, ", ")
}

func killText(k traffic.Kill, now time.Time) string {
	name := k.Route
	if name == traffic.AllRoutes {
		name = "all routes"
	}
	text := fmt.Sprintf("%s, since %s", name, now.Sub(k.Since).Truncate(time.Second))
	if k.By != "" {
		text += ", by " + k.By
	}
	if k.Reason != "" {
		text += ": " + k.Reason
	}
	return text
}

func backendText(b Backend) string {
	text := fmt.Sprintf("%s: %d addresses, %s/s", b.Name, len(b.Addresses), rateText(Number(b.Rate)))
	if down := b.down(); down > 0 {
		text += fmt.Sprintf(", %d not up", down)
	}
	if b.Breaker != "" {
		text += ", breaker " + strings.ReplaceAll(b.Breaker, "_", " ")
	}
	if b.Operator != nil {
		text += ", set by hand"
	}
	return text
}

func (b *Backend) down() (n int) {
	for _, a := range b.Addresses {
		if a.State != "" && a.State != "up" {
			n++
		}
	}
	return n
}

// PrintTop writes the busiest routes as a table of so many lines and columns; 0 columns
// for as many as it takes. What does not fit is cut.
func (o *Overview) PrintTop(w io.Writer, lines, columns int) error {
	var b strings.Builder
	r := o.Readiness
	fmt.Fprintf(&b, "ficus  %s  revision %s  %s\n", strings.ReplaceAll(r.Status, "_", " "), orDash(r.Revision), o.Time.Local().Format(time.TimeOnly))
	fmt.Fprintf(&b, "%d routes: %s\n", o.Routes, o.stageText())
	fmt.Fprintf(&b, "legacy %s/s, %s errors   new %s/s, %s errors   %d killed\n\n", rateText(o.Traffic.Legacy.Rate), shareText(o.Traffic.Legacy), rateText(o.Traffic.New.Rate), shareText(o.Traffic.New), len(o.Kills))
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ROUTE\tSTAGE\tSERVES\tLEGACY/S\tERRORS\tP50\tP99\tNEW/S\tERRORS\tP50\tP99\tBREAKER")
	for i := range o.Top {
		fmt.Fprintln(t, plain(o.Top[i].text()))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(w, cut(b.String(), lines, columns))
	return err
}

func (r *Route) text() string {
	stage := r.Stage
	if r.Weight.Known() {
		stage += fmt.Sprintf(" %g %%", float64(r.Weight))
	}
	serves := r.Serves
	if r.Killed != nil {
		serves = "KILLED"
	}
	cells := []string{r.ID, stage, serves}
	for _, s := range []Side{r.Legacy, r.New} {
		cells = append(cells, rateText(s.Rate), shareText(s), secondsText(s.P50), secondsText(s.P99))
	}
	return strings.Join(append(cells, orDash(strings.ReplaceAll(r.Breaker, "_", " "))), "\t")
}

// cut keeps what fits on a screen.
func cut(text string, lines, columns int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if lines > 0 && len(all) > lines {
		all = all[:lines]
	}
	for i, line := range all {
		if runes := []rune(line); columns > 0 && len(runes) > columns {
			all[i] = string(runes[:columns])
		}
	}
	return strings.Join(all, "\n") + "\n"
}

// plain takes out what a terminal would obey: texts come from files and from people.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) && r != '\t' {
			return '\uFFFD'
		}
		return r
	}, s)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func rateText(n Number) string {
	switch {
	case !n.Known() || n <= 0:
		return "-"
	case n < .05:
		return "<0.1"
	case n < 10:
		return fmt.Sprintf("%.1f", float64(n))
	}
	return fmt.Sprintf("%.0f", float64(n))
}

func shareText(s Side) string {
	if s.Rate <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", math.Ceil(float64(s.Errors)*1000)/10) // few are not none
}

func parityText(percent Number) string {
	if !percent.Known() {
		return "-"
	}
	return fmt.Sprintf("%.2f %%", float64(percent))
}

func secondsText(n Number) string {
	switch {
	case !n.Known():
		return "-"
	case n < .01:
		return fmt.Sprintf("%.1f ms", float64(n)*1000)
	case n < 1:
		return fmt.Sprintf("%.0f ms", float64(n)*1000)
	}
	return fmt.Sprintf("%.1f s", float64(n))
}

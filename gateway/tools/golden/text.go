package golden

import (
	"fmt"
	"io"
	"strings"
)

// Print writes the report for people: what failed, and a summary. With verbose it
// lists every case and the cases of every route, too.
func (r *Report) Print(w io.Writer, verbose bool) error {
	var b strings.Builder
	if len(r.Problems) > 0 {
		b.WriteString(r.Problems.Text() + "\n")
	}
	if !r.Problems.HasErrors() {
		r.printRun(&b, verbose)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) printRun(b *strings.Builder, verbose bool) {
	if len(r.Problems) > 0 {
		b.WriteByte('\n')
	}
	for i := range r.Cases {
		r.Cases[i].print(b, verbose)
	}
	if verbose {
		b.WriteByte('\n')
		if r.Coverage != nil {
			r.Coverage.print(b)
		}
	}
	b.WriteString(r.summary() + "\n")
}

func (r *Result) print(b *strings.Builder, verbose bool) {
	if r.Passed {
		if verbose {
			fmt.Fprintf(b, "ok    %s: %s\n", r.label(), r.Got.outcome())
		}
		return
	}
	fmt.Fprintf(b, "FAIL  %s\n", r.label())
	for _, d := range r.Differences {
		fmt.Fprintf(b, "      %s: %s: want %s, got %s\n", d.Place, d.Field, d.Want, d.Got)
		for _, why := range d.Why {
			fmt.Fprintf(b, "          %s\n", why)
		}
	}
	if !verbose {
		b.WriteByte('\n')
	}
}

func (r *Result) label() string {
	if r.Name == r.Request {
		return r.Name
	}
	return fmt.Sprintf("%s (%s)", r.Name, r.Request)
}

func (a *Answer) outcome() string {
	if a.Status != 0 {
		return fmt.Sprint(a.Status)
	}
	return a.Route + ", " + a.Side
}

func (c *Coverage) print(b *strings.Builder) {
	b.WriteString("cases  route\n")
	for _, n := range c.ByRoute {
		fmt.Fprintf(b, "%5d  %s (%s)\n", n.Cases, n.Route, n.Place)
	}
	b.WriteString("\n")
}

func (r *Report) summary() string {
	text := fmt.Sprintf("%s: %d passed, %d failed", count(len(r.Cases), "case"), r.Passed, r.Failed)
	if r.Coverage != nil {
		text += "\n" + r.Coverage.summary()
	}
	return text
}

// maxNamed bounds how many routes the summary names.
const maxNamed = 20

func (c *Coverage) summary() string {
	text := fmt.Sprintf("%d of %s reached: %g %%", c.Reached, count(c.Routes, "route"), c.Percent)
	named := 0
	for _, n := range c.ByRoute {
		if n.Cases > 0 {
			continue
		}
		if named++; named > maxNamed {
			return text + fmt.Sprintf("\n  and %d more", c.Routes-c.Reached-maxNamed)
		}
		text += fmt.Sprintf("\n  no case reaches %s (%s)", n.Route, n.Place)
	}
	return text
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

package policy

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"math"
	"strings"
	"time"

	"ficus/gateway/authz"
	"ficus/gateway/route"
)

// A TestReport is the outcome of a run of the policies' own tests.
type TestReport struct {
	Problems route.Problems `json:"problems"` // with an error among them nothing was run
	Tests    []TestResult   `json:"tests"`
	Passed   int            `json:"passed"`
	Failed   int            `json:"failed"`
	Skipped  int            `json:"skipped"`
	Coverage *Coverage      `json:"coverage,omitempty"` // nil where only some tests were run
}

// A TestResult is what one test came to.
type TestResult struct {
	Name   string `json:"name"`
	Place  string `json:"place"`  // file:line:column
	Result string `json:"result"` // passed, failed or skipped
	Error  string `json:"error,omitempty"`
	Output string `json:"output,omitempty"` // what it printed
	Micros int64  `json:"duration_us"`      // microseconds
}

// Coverage says which lines of the policies the tests evaluate. A line of which they leave
// out a part is not covered.
type Coverage struct {
	Lines   int            `json:"lines"`
	Covered int            `json:"covered"`
	Percent float64        `json:"percent"` // 0 to 100, rounded down to a tenth; 100 where there are no lines
	Files   []FileCoverage `json:"files"`
}

// FileCoverage is the coverage of one file.
type FileCoverage struct {
	File      string   `json:"file"`
	Lines     int      `json:"lines"`
	Covered   int      `json:"covered"`
	Uncovered [][2]int `json:"uncovered"` // first and last line of each stretch
}

// Test runs the tests of a folder whose names match a regular expression; "" is all.
func Test(ctx context.Context, fsys fs.FS, name, filter string) TestReport {
	r := TestReport{Problems: route.Problems{}, Tests: []TestResult{}}
	files, problems := sources(fsys, name)
	var run *authz.TestRun
	if !problems.HasErrors() {
		limited, cancel := context.WithTimeout(ctx, testsLimit)
		defer cancel()
		var found route.Problems
		run, found = authz.RunTests(limited, files, filter)
		problems = append(problems, found...)
	}
	r.Problems = append(r.Problems, located(problems, files)...)
	if run == nil {
		return r
	}
	for _, t := range run.Tests {
		r.add(t)
	}
	if filter == "" {
		r.Coverage = coverageOf(run.Lines)
	}
	return r
}

func (r *TestReport) add(t authz.TestResult) {
	result := TestResult{
		Name: t.Name, Place: t.Origin.String(), Result: "failed", Error: t.Error, Output: t.Output, Micros: int64(t.Took / time.Microsecond),
	}
	switch {
	case t.Skipped:
		result.Result = "skipped"
		r.Skipped++
	case t.Passed:
		result.Result = "passed"
		r.Passed++
	default:
		r.Failed++
	}
	r.Tests = append(r.Tests, result)
}

func coverageOf(files []authz.FileLines) *Coverage {
	c := &Coverage{Percent: 100, Files: []FileCoverage{}}
	for _, f := range files {
		one := FileCoverage{File: f.File, Lines: f.Covered + f.NotCovered(), Covered: f.Covered, Uncovered: f.Uncovered}
		if one.Uncovered == nil {
			one.Uncovered = [][2]int{}
		}
		c.Files = append(c.Files, one)
		c.Lines += one.Lines
		c.Covered += one.Covered
	}
	if c.Lines > 0 {
		c.Percent = math.Floor(float64(c.Covered)*1000/float64(c.Lines)) / 10
	}
	return c
}

// Below reports whether less than a percentage of the lines is covered.
func (c *Coverage) Below(percent float64) bool {
	return float64(c.Covered)*100 < percent*float64(c.Lines)
}

// Print writes the report for people: what failed, and a summary. With verbose it lists
// every test and file, too.
func (r *TestReport) Print(w io.Writer, verbose bool) error {
	var b strings.Builder
	if len(r.Problems) > 0 {
		b.WriteString(r.Problems.Text() + "\n")
	}
	if !r.Problems.HasErrors() {
		for i := range r.Tests {
			r.Tests[i].print(&b, verbose)
		}
		if verbose && r.Coverage != nil {
			r.Coverage.print(&b)
		}
		b.WriteString(r.summary(verbose) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *TestResult) print(b *strings.Builder, verbose bool) {
	word := map[string]string{"passed": "ok", "failed": "FAIL", "skipped": "skip"}[t.Result]
	if t.Result != "failed" && !verbose {
		return
	}
	fmt.Fprintf(b, "%-5s %s (%s)\n", word, t.Name, t.Place)
	for _, text := range []string{t.Error, t.Output} {
		if text != "" {
			b.WriteString("      " + strings.ReplaceAll(text, "\n", "\n      ") + "\n")
		}
	}
	if t.Result == "failed" && !verbose {
		b.WriteByte('\n')
	}
}

func (c *Coverage) print(b *strings.Builder) {
	b.WriteString("\ncovered  file\n")
	for _, f := range c.Files {
		fmt.Fprintf(b, "%3d/%-3d  %s%s\n", f.Covered, f.Lines, f.File, missed(f.Uncovered))
	}
	b.WriteByte('\n')
}

// missed lists lines.
func missed(stretches [][2]int) string {
	var list []string
	for _, s := range stretches {
		if s[0] == s[1] {
			list = append(list, fmt.Sprint(s[0]))
		} else {
			list = append(list, fmt.Sprintf("%d-%d", s[0], s[1]))
		}
	}
	if len(list) == 0 {
		return ""
	}
	word := ": not line "
	if len(list) > 1 || strings.Contains(list[0], "-") {
		word = ": not lines "
	}
	return word + strings.Join(list, ", ")
}

func (r *TestReport) summary(verbose bool) string {
	text := fmt.Sprintf("%s: %d passed, %d failed", count(len(r.Tests), "test"), r.Passed, r.Failed)
	if r.Skipped > 0 {
		text += fmt.Sprintf(", %d skipped", r.Skipped)
	}
	if r.Coverage == nil {
		return text
	}
	text += fmt.Sprintf("\n%d of %s covered: %g %%", r.Coverage.Covered, count(r.Coverage.Lines, "line"), r.Coverage.Percent)
	for _, f := range r.Coverage.Files {
		if len(f.Uncovered) > 0 && !verbose {
			text += "\n  " + f.File + missed(f.Uncovered)
		}
	}
	return text
}

package authz

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"

	"ficus/gateway/route"
)

// A TestRun is what the tests of policies came to.
type TestRun struct {
	Tests []TestResult // by place
	Lines []FileLines  // of the policies' files, by name
}

// A TestResult is what one test came to.
type TestResult struct {
	Name    string // "shop_test.test_admin"
	Origin  route.Origin
	Passed  bool
	Skipped bool   // its name begins with "todo_test_"
	Error   string // why it could not be evaluated; "" where it is merely not true
	Output  string // what it printed
	Took    time.Duration
}

// FileLines says which lines of a file the tests evaluated, of those that can be. A line
// of which they left out a part is not covered.
type FileLines struct {
	File      string
	Covered   int      // lines
	Uncovered [][2]int // first and last line of each stretch
}

// NotCovered is how many lines no test evaluated.
func (f *FileLines) NotCovered() int {
	n := 0
	for _, r := range f.Uncovered {
		n += r[1] - r[0] + 1
	}
	return n
}

// RunTests compiles files as [Compile] does, and runs those of their tests whose names
// match a regular expression of OPA's kind; "" is all. With an error among the problems
// nothing was run; a test that fails is none.
func RunTests(ctx context.Context, files []File, filter string) (*TestRun, route.Problems) {
	src, problems := parse(files)
	if problems.HasErrors() {
		return nil, problems
	}
	if _, found := compile(src.modules); found.HasErrors() {
		return nil, append(problems, found...)
	}
	tracer := cover.New()
	results, found := src.run(ctx, newStore(src.data), filter, tracer)
	if problems = append(problems, found...); problems.HasErrors() {
		return nil, problems
	}
	run := &TestRun{Tests: make([]TestResult, 0, len(results)), Lines: linesOf(tracer, src.modules)}
	for _, r := range results {
		run.Tests = append(run.Tests, TestResult{
			Name: testName(r), Origin: originOf("", r.Location), Passed: r.Pass(), Skipped: r.Skip,
			Error: testError(r), Output: strings.TrimSpace(string(r.Output)), Took: r.Duration,
		})
	}
	return run, problems
}

// run runs the tests, and returns their results by place. The tracer may be nil.
func (s *source) run(ctx context.Context, store storage.Store, filter string, tracer *cover.Cover) ([]*tester.Result, route.Problems) {
	if len(s.tests) == 0 {
		return nil, nil
	}
	modules := copied(s.modules)
	maps.Copy(modules, copied(s.tests))
	compiler := ast.NewCompiler().WithCapabilities(capabilities()).WithEnablePrintStatements(true)
	txn, err := store.NewTransaction(ctx)
	if err != nil {
		return nil, problemsOf(err, route.CodePolicyTest, "")
	}
	defer store.Abort(ctx, txn)
	runner := tester.NewRunner().SetCompiler(compiler).SetStore(store).SetModules(modules).
		CapturePrintOutput(true).SetTimeout(testLimit).Filter(filter)
	if tracer != nil {
		runner.SetCoverageQueryTracer(tracer).SetCoverageRuns(nil)
	}
	running, err := runner.RunTests(ctx, txn)
	if err != nil {
		return nil, problemsOf(err, route.CodePolicyTest, "")
	}
	var results []*tester.Result
	for r := range running {
		results = append(results, r)
	}
	slices.SortStableFunc(results, func(a, b *tester.Result) int {
		return cmp.Or(a.Location.Compare(b.Location), strings.Compare(a.Name, b.Name))
	})
	if ctx.Err() != nil {
		return results, route.Problems{{Code: route.CodePolicyTest, Message: "the tests took too long: " + ctx.Err().Error()}}
	}
	return results, nil
}

func testName(r *tester.Result) string { return strings.TrimPrefix(r.Package, "data.") + "." + r.Name }

func testError(r *tester.Result) string {
	switch {
	case topdown.IsCancel(r.Error):
		return fmt.Sprintf("%v (a test may take %v)", r.Error, testLimit)
	case r.Error != nil:
		return r.Error.Error()
	}
	return ""
}

func linesOf(tracer *cover.Cover, modules map[string]*ast.Module) []FileLines {
	report := tracer.Report(modules)
	list := make([]FileLines, 0, len(modules))
	for _, file := range slices.Sorted(maps.Keys(modules)) {
		lines := FileLines{File: file}
		if r := report.Files[file]; r != nil {
			missed := rowsOf(r.NotCovered)
			lines.Uncovered = stretches(missed)
			for row := range rowsOf(r.Covered) {
				if !missed[row] {
					lines.Covered++
				}
			}
		}
		list = append(list, lines)
	}
	return list
}

func rowsOf(ranges []cover.Range) map[int]bool {
	rows := map[int]bool{}
	for _, r := range ranges {
		for row := r.Start.Row; row <= r.End.Row; row++ {
			rows[row] = true
		}
	}
	return rows
}

// stretches joins rows that follow one another.
func stretches(rows map[int]bool) (list [][2]int) {
	for _, row := range slices.Sorted(maps.Keys(rows)) {
		if last := len(list) - 1; last >= 0 && list[last][1] == row-1 {
			list[last][1] = row
		} else {
			list = append(list, [2]int{row, row})
		}
	}
	return list
}

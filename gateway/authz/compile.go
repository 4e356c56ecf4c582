package authz

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"

	"ficus/gateway/route"
)

// withheld are built-ins that a policy does not get: those that reach out of the
// process or into it, and one that panics on hostile tokens (the gateway verifies
// tokens itself; policies see the claims).
var withheld = []string{
	"http.send", "net.lookup_ip_addr", "opa.runtime", "rego.parse_module", "io.jwt.decode_verify", "trace",
}

// capabilities are what policies may use.
func capabilities() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	c.Builtins = slices.DeleteFunc(slices.Clone(c.Builtins), func(b *ast.Builtin) bool { return slices.Contains(withheld, b.Name) })
	c.AllowNet = []string{}
	return c
}

// compile compiles the policies strictly: an unused import or variable is an error.
func compile(modules map[string]*ast.Module) (*ast.Compiler, route.Problems) {
	compiler := ast.NewCompiler().WithStrict(true).WithCapabilities(capabilities())
	compiler.Compile(copied(modules))
	if compiler.Failed() {
		return nil, problemsOf(compiler.Errors, route.CodePolicyBroken, "")
	}
	return compiler, nil
}

// copied copies the modules, since a compiler changes what it compiles.
func copied(modules map[string]*ast.Module) map[string]*ast.Module {
	c := make(map[string]*ast.Module, len(modules))
	for name, module := range modules {
		c[name] = module.Copy()
	}
	return c
}

// runTests runs the tests that lie beside the policies. A test that fails is an error:
// whoever wrote it meant that such policies are not to be served.
func runTests(ctx context.Context, src *source, store storage.Store) (passed int, problems route.Problems) {
	if len(src.tests) == 0 {
		return 0, nil
	}
	modules := copied(src.modules)
	maps.Copy(modules, copied(src.tests))
	compiler := ast.NewCompiler().WithCapabilities(capabilities()).WithEnablePrintStatements(true)
	txn, err := store.NewTransaction(ctx)
	if err != nil {
		return 0, problemsOf(err, route.CodePolicyTest, "")
	}
	defer store.Abort(ctx, txn)
	results, err := tester.NewRunner().SetCompiler(compiler).SetStore(store).SetModules(modules).
		CapturePrintOutput(true).SetTimeout(testLimit).RunTests(ctx, txn)
	if err != nil {
		return 0, problemsOf(err, route.CodePolicyTest, "")
	}
	for r := range results {
		if r.Pass() {
			passed++
		} else if !r.Skip {
			problems = append(problems, testProblem(r))
		}
	}
	if ctx.Err() != nil {
		problems = append(problems, route.Problem{Code: route.CodePolicyTest, Message: "the tests took too long: " + ctx.Err().Error()})
	}
	return passed, problems
}

func testProblem(r *tester.Result) route.Problem {
	p := route.Problem{
		Code: route.CodePolicyTest, Origin: originOf("", r.Location),
		Message: fmt.Sprintf("the test %s.%s fails after %v", strings.TrimPrefix(r.Package, "data."), r.Name, r.Duration.Round(time.Microsecond)),
		Hint:    strings.TrimSpace(string(r.Output)),
	}
	if r.Error != nil {
		p.Message += ": " + r.Error.Error()
	}
	if topdown.IsCancel(r.Error) {
		p.Message += fmt.Sprintf(" (a test may take %v)", testLimit)
	}
	return p
}

package authz

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/tester"

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
	results, problems := src.run(ctx, store, "", nil)
	for _, r := range results {
		if r.Pass() {
			passed++
		} else if !r.Skip {
			problems = append(problems, testProblem(r))
		}
	}
	return passed, problems
}

func testProblem(r *tester.Result) route.Problem {
	p := route.Problem{
		Code: route.CodePolicyTest, Origin: originOf("", r.Location),
		Message: fmt.Sprintf("the test %s fails after %v", testName(r), r.Duration.Round(time.Microsecond)),
		Hint:    strings.TrimSpace(string(r.Output)),
	}
	if why := testError(r); why != "" {
		p.Message += ": " + why
	}
	return p
}

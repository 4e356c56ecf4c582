package authz

import (
	"context"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// A question is a policy's rule, ready for OPA's evaluator. Package rego is left out: a
// transaction, metrics and a set of results for each decision cost as much as a small
// policy itself.
type question struct {
	query topdown.Query // which each evaluation copies
	said  ast.Var       // what it binds to what the policy says
}

// newQuestion makes a question of the reference to a rule. The store is read in one
// transaction from now on, and so must not be written to any more.
func newQuestion(ctx context.Context, rule string, compiler *ast.Compiler, store storage.Store) (*question, error) {
	body, err := ast.ParseBodyWithOpts(rule+" = _", ast.ParserOptions{RegoVersion: ast.RegoV1})
	if err != nil {
		return nil, err
	}
	queries := compiler.QueryCompiler()
	compiled, err := queries.Compile(body)
	if err != nil {
		return nil, err
	}
	txn, err := store.NewTransaction(ctx)
	if err != nil {
		return nil, err
	}
	query := topdown.NewQuery(compiled).WithQueryCompiler(queries).WithCompiler(compiler).WithStore(store).
		WithTransaction(txn).WithMetrics(metrics.NoOp()).WithRequestMetadata(map[string]any{})
	said, ok := body[0].Operand(1).Value.(ast.Var)
	if !ok {
		return nil, fmt.Errorf("%v is no question", body)
	}
	return &question{query: *query, said: said}, nil
}

// An asking is one time that a question is put.
type asking struct {
	input  ast.Value
	at     time.Time // for rules that ask for the time
	end    deadline
	known  *results            // empty; for this time only
	tracer topdown.QueryTracer // nil: nothing is traced
}

// put asks a question: nil where the policy says nothing. Where a rule says two things,
// that is an error.
func (q *question) put(ctx context.Context, a *asking) (answer ast.Value, err error) {
	query := q.query
	query.WithInput(ast.NewTerm(a.input)).WithTime(a.at).WithCancel(&a.end).WithVirtualCache(a.known)
	if a.tracer != nil {
		query.WithQueryTracer(a.tracer)
	}
	err = query.Iter(ctx, func(found topdown.QueryResult) error {
		if answer == nil {
			answer = found[q.said].Value
		}
		return nil
	})
	return answer, err
}

// A deadline ends an evaluation that takes too long, by the clock and not by a timer:
// that is no work for whoever is in time, and holds where timers come late. Once it has
// passed, the evaluation has a tenth of its time more from the moment that this is seen:
// where the whole machine stood still, most need microseconds of it.
type deadline struct {
	started time.Time
	budget  time.Duration
	passed  time.Time // when that was seen; zero: not yet
}

// Cancelled is asked before each expression, and by built-ins that take long.
func (d *deadline) Cancelled() bool {
	if !d.passed.IsZero() {
		return time.Since(d.passed) >= d.budget/10
	}
	if time.Since(d.started) > d.budget {
		d.passed = time.Now()
	}
	return false
}

// Cancel does nothing: time alone ends an evaluation.
func (d *deadline) Cancel() {}

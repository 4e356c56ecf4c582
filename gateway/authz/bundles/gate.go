package bundles

import (
	"context"
	"sync/atomic"

	"github.com/open-policy-agent/opa/v1/plugins"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// gate is the store that OPA keeps bundles in, with a guard at its door. OPA activates a
// bundle in one transaction; what that would leave behind is judged before it is
// committed, and a refusal is an activation that failed, to OPA too. After a commit the
// verdict takes effect.
type gate struct {
	storage.Store
	judge   func(context.Context, storage.Transaction) (accepted func(), err error)
	writing atomic.Pointer[writing]
}

// writing is the one transaction that writes.
type writing struct {
	id      uint64
	context *storage.Context
}

func newGate(judge func(context.Context, storage.Transaction) (func(), error)) *gate {
	return &gate{Store: inmem.NewWithOpts(inmem.OptRoundTripOnWrite(false)), judge: judge}
}

// NewTransaction notes what the transaction is for.
func (g *gate) NewTransaction(ctx context.Context, params ...storage.TransactionParams) (storage.Transaction, error) {
	txn, err := g.Store.NewTransaction(ctx, params...)
	if err == nil && len(params) > 0 && params[0].Write {
		g.writing.Store(&writing{txn.ID(), params[0].Context})
	}
	return txn, err
}

// Commit judges what an activation would leave behind. Only activations bring a
// compiler; to refuse the removal of a bundle would make OPA panic.
func (g *gate) Commit(ctx context.Context, txn storage.Transaction) error {
	w := g.writing.Load()
	if w == nil || w.id != txn.ID() || plugins.GetCompilerOnContext(w.context) == nil {
		return g.Store.Commit(ctx, txn)
	}
	accepted, err := g.judge(ctx, txn)
	if err != nil {
		g.Abort(ctx, txn)
		return err
	}
	if err := g.Store.Commit(ctx, txn); err != nil {
		return err
	}
	accepted()
	return nil
}

// MakeDir passes the shortcut of the store within.
func (g *gate) MakeDir(ctx context.Context, txn storage.Transaction, path storage.Path) error {
	return storage.MakeDir(ctx, g.Store, txn, path)
}

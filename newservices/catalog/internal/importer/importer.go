// Package importer follows the monolith's products and brings them to the document store: everything at
// first, then each change.
//
// The monolith counts product changes and stamps each product with the number of its latest one, in one
// transaction, so "change_seq > last" misses nothing. Categories are not counted; they are few and read
// anew with each step. A step reads one moment of the database and never blocks a writer.
package importer

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"ficus/newservices/catalog/internal/docstore"
	"ficus/newservices/internal/legacydb"
)

// Importer follows a database. Run has to be called once.
type Importer struct {
	DB     *legacydb.DB
	Store  *docstore.Store
	Poll   time.Duration // between two looks at the database
	Logger *slog.Logger
	Now    func() time.Time

	mu     sync.Mutex
	status Status
}

// Status is how the import goes.
type Status struct {
	Behind   int64     // changes known to be missing
	Changes  int64     // imported since the start
	Complete time.Time // when the store was last known to hold everything; zero: not since the start
	Err      error     // of the last step; nil if it went well
}

// batch is how many products one step brings at most.
const batch = 500

// Schema is what the importer needs of the database.
func Schema() legacydb.Schema {
	return legacydb.ProductSchema().With(legacydb.Schema{"categories": {"slug", "position"}})
}

// Run follows the database until the context ends. Errors are reported by Status and, when they begin
// and end, in the log; the next look tries again.
func (i *Importer) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		more, err := i.step(ctx)
		if ctx.Err() != nil {
			return
		}
		i.report(err)
		wait := i.Poll
		if more {
			wait = 0
		}
		timer.Reset(wait)
	}
}

// step imports one batch. more says that there is another.
func (i *Importer) step(ctx context.Context) (more bool, err error) {
	next := docstore.Import{Last: i.Store.Last()}
	err = i.DB.Snapshot(ctx, "reading product changes", func(q legacydb.Querier) error {
		var err error
		if next.Seq, err = q.ChangeSeq(ctx); err != nil {
			return err
		}
		if next.Categories, err = categories(ctx, q); err != nil {
			return err
		}
		return changes(ctx, q, &next)
	})
	if err != nil {
		return false, err
	}
	next.Complete = len(next.Documents) < batch
	view := i.Store.View()
	if len(next.Documents) > 0 || view == nil || view.Seq != next.Seq || !slices.Equal(view.Categories, next.Categories) {
		if err := i.Store.Apply(next); err != nil {
			return false, err
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.status.Changes += int64(len(next.Documents))
	i.status.Behind = 0
	if next.Complete {
		i.status.Complete = i.Now()
	} else {
		i.status.Behind = next.Seq - next.Last
	}
	return !next.Complete, nil
}

func categories(ctx context.Context, q legacydb.Querier) ([]string, error) {
	var slugs []string
	err := q.Each(ctx, func(scan legacydb.Scan) error {
		var slug string
		err := scan(&slug)
		slugs = append(slugs, slug)
		return err
	}, "SELECT slug FROM categories ORDER BY position")
	return slugs, err
}

func changes(ctx context.Context, q legacydb.Querier, into *docstore.Import) error {
	return q.Each(ctx, func(scan legacydb.Scan) error {
		p, err := legacydb.ScanProduct(scan)
		if err != nil {
			return err
		}
		into.Documents = append(into.Documents, docstore.Document{
			ID: p.ID, SKU: p.SKU, Name: p.Name, Category: p.Category, Description: p.Description, Tags: p.Tags,
			SearchText: p.SearchText, PriceCents: p.PriceCents, Stock: p.Stock, PictureSeq: p.PictureSeq,
			ChangeSeq: p.ChangeSeq, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt, Deleted: p.Deleted,
		})
		into.Last = p.ChangeSeq
		return nil
	}, "SELECT "+legacydb.ProductColumns+" FROM products p WHERE p.change_seq > ? ORDER BY p.change_seq LIMIT ?", into.Last, batch)
}

func (i *Importer) report(err error) {
	i.mu.Lock()
	before := i.status.Err
	i.status.Err = err
	i.mu.Unlock()
	switch {
	case err != nil && before == nil:
		i.Logger.Warn("the import has stopped; what was imported is served on", "error", err)
	case err == nil && before != nil:
		i.Logger.Info("the import goes on")
	}
}

// Status tells how the import goes. It may be called at any time.
func (i *Importer) Status() Status {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.status
}

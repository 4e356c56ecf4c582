// Package docstore keeps products as documents: one JSON document for each, with all that the catalog
// shows of it, in a file of the catalog's own.
//
// The importer writes it, the service reads it. It promises that readers see whole imports only: a
// [View] is one moment of the monolith's catalog, and a new one takes its place at once. It survives a
// restart where it stopped.
package docstore

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"
)

// Document is a product as the catalog keeps it.
type Document struct {
	ID          int64     `json:"id"`
	SKU         string    `json:"sku"`
	Name        string    `json:"name"`
	Category    string    `json:"category"`
	Description string    `json:"description"`
	Tags        []string  `json:"tags"` // sorted
	SearchText  string    `json:"search_text"`
	PriceCents  int64     `json:"price_cents"`
	Stock       int64     `json:"stock"`
	PictureSeq  int64     `json:"picture_seq"`
	ChangeSeq   int64     `json:"change_seq"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
	Deleted     bool      `json:"deleted,omitempty"` // only on the way in: such a document is removed
}

// Import is one step of an import.
type Import struct {
	Documents  []Document
	Last       int64    // number of the last change that is in the store after this step
	Complete   bool     // the store then holds all that the monolith holds
	Seq        int64    // of a complete import: the monolith's number of the latest change
	Categories []string // of a complete import: the slugs of all categories
}

// View is the catalog at one moment. It is immutable.
type View struct {
	Seq        int64
	Categories []string
	Documents  []*Document // on sale, by id
	byID       map[int64]*Document
}

// Document returns the product of that id, or nil.
func (v *View) Document(id int64) *Document { return v.byID[id] }

// Store is the file. Reads may be concurrent with everything; writes come from one importer.
type Store struct {
	db   *bbolt.DB
	last int64               // of the importer
	byID map[int64]*Document // of the importer: what the file holds
	view atomic.Pointer[View]
}

var (
	documents = []byte("documents") // by id, with leading zeros
	progress  = []byte("progress")
	stateKey  = []byte("state")
)

// state is what the store knows beside the documents.
type state struct {
	Last       int64    `json:"last"`
	Complete   bool     `json:"complete"` // some import was
	Seq        int64    `json:"seq"`
	Categories []string `json:"categories"`
}

// lockTimeout is how long to wait for another process that has the file open.
const lockTimeout = 2 * time.Second

// Open opens the file, which is made where there is none. What was imported before is served at once.
func Open(path string) (*Store, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTimeout})
	if errors.Is(err, bbolterrors.ErrTimeout) {
		err = errors.New("another process has it open")
	}
	if err != nil {
		return nil, fmt.Errorf("opening the document store %s: %w", path, err)
	}
	s := &Store{db: db}
	if err := s.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("reading the document store %s: %w", path, err), db.Close())
	}
	return s, nil
}

func (s *Store) load() error {
	var known state
	s.byID = map[int64]*Document{}
	err := s.db.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{documents, progress} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		if text := tx.Bucket(progress).Get(stateKey); text != nil {
			if err := json.Unmarshal(text, &known); err != nil {
				return err
			}
		}
		return tx.Bucket(documents).ForEach(func(_, text []byte) error {
			var d Document
			if err := json.Unmarshal(text, &d); err != nil {
				return err
			}
			s.byID[d.ID] = &d
			return nil
		})
	})
	if err != nil {
		return err
	}
	s.last = known.Last
	if known.Complete {
		s.show(known)
	}
	return nil
}

// View returns the catalog as of the last complete import, nil before the first.
func (s *Store) View() *View { return s.view.Load() }

// Last is the number of the last change that was imported; 0 before the first.
func (s *Store) Last() int64 { return s.last }

// Apply stores one step of an import, and shows it if it completes one. After an error the store is as
// it was.
func (s *Store) Apply(step Import) error {
	known := state{Last: step.Last, Complete: step.Complete, Seq: step.Seq, Categories: step.Categories}
	if view := s.View(); view != nil && !step.Complete {
		known.Complete, known.Seq, known.Categories = true, view.Seq, view.Categories
	}
	err := s.db.Update(func(tx *bbolt.Tx) error {
		for i := range step.Documents {
			if err := put(tx.Bucket(documents), &step.Documents[i]); err != nil {
				return err
			}
		}
		text, err := json.Marshal(known)
		if err != nil {
			return err
		}
		return tx.Bucket(progress).Put(stateKey, text)
	})
	if err != nil {
		return fmt.Errorf("storing documents: %w", err)
	}
	s.last = step.Last
	for i := range step.Documents {
		d := step.Documents[i]
		delete(s.byID, d.ID)
		if !d.Deleted {
			s.byID[d.ID] = &d
		}
	}
	if step.Complete {
		s.show(known)
	}
	return nil
}

// put stores a document, or removes it where it is no longer sold.
func put(bucket *bbolt.Bucket, d *Document) error {
	key := fmt.Appendf(nil, "%020d", d.ID)
	if d.Deleted {
		return bucket.Delete(key)
	}
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return bucket.Put(key, text)
}

// show makes what the file holds the view that readers get.
func (s *Store) show(known state) {
	list := slices.SortedFunc(maps.Values(s.byID), func(a, b *Document) int { return cmp.Compare(a.ID, b.ID) })
	s.view.Store(&View{Seq: known.Seq, Categories: known.Categories, Documents: list, byID: maps.Clone(s.byID)})
}

// Close closes the file. It may be called more than once.
func (s *Store) Close() error { return s.db.Close() }

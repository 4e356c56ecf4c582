// Package legacydb is the way of a new service into the monolith's database, which stays the
// monolith's: this package neither creates nor migrates anything in it.
//
// The services under newservices call it. It promises that SQLite and PostgreSQL behave alike, that
// reads see one moment ([DB.Snapshot]), that writes are short transactions which take their lock at
// once ([DB.Update]) and so can run beside the monolith's own, and that [DB.Check] names what the
// schema lacks. [Sessions] finds and starts the monolith's sessions. It knows nothing of HTTP, of
// carts or of products.
//
//	db, err := legacydb.Open("shop-data/shop.db")
//	if err != nil { … }
//	defer db.Close()
//	err = db.Check(ctx, legacydb.Schema{"products": {"id", "name"}})
//	err = db.Snapshot(ctx, "reading a name", func(q legacydb.Querier) error {
//		return q.Row(ctx, "SELECT name FROM products WHERE id = ?", 17).Scan(&name)
//	})
package legacydb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// ErrNotFound says that there is no such row.
var ErrNotFound = errors.New("not found")

// DB is the monolith's database. Its methods may be called concurrently.
type DB struct {
	dialect dialect
	read    *sql.DB
	write   *sql.DB // on SQLite one connection: writers of this process queue here
}

// Open takes the path of an SQLite file or a postgres:// URL. It does not connect, so a database that
// is not there yet is no error; a malformed URL is. Errors never contain a password.
func Open(dsn string) (*DB, error) {
	if dsn == "" {
		return nil, errors.New("no database: want the path of an SQLite file or a postgres:// URL")
	}
	var d dialect = &sqliteDialect{path: dsn}
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		d = postgresDialect{dsn: dsn}
	}
	read, write, err := d.open()
	if err != nil {
		return nil, fmt.Errorf("the shop's %s database: %w", d.name(), err)
	}
	return &DB{dialect: d, read: read, write: write}, nil
}

// Dialect is "sqlite" or "postgres".
func (db *DB) Dialect() string { return db.dialect.name() }

// Close closes the connections, those in use when they are given back. It may be called twice.
func (db *DB) Close() error {
	if db.read == db.write {
		return db.write.Close()
	}
	return errors.Join(db.read.Close(), db.write.Close())
}

// Reader runs single reading statements, each for itself.
func (db *DB) Reader() Querier { return Querier{run: db.read, dialect: db.dialect} }

// Snapshot runs fn in a transaction that reads the database as it is at one moment. It blocks no
// writer. An error says what was being done.
func (db *DB) Snapshot(ctx context.Context, doing string, fn func(q Querier) error) error {
	return db.transact(ctx, db.read, db.dialect.snapshotOptions(), doing, fn)
}

// Update runs fn in a writing transaction, which is rolled back if fn fails. On SQLite it begins with
// BEGIN IMMEDIATE and waits up to 10 s for another program's writer; fn should be short. An error says
// what was being done.
func (db *DB) Update(ctx context.Context, doing string, fn func(q Querier) error) error {
	return db.transact(ctx, db.write, nil, doing, fn)
}

func (db *DB) transact(ctx context.Context, on *sql.DB, opts *sql.TxOptions, doing string, fn func(q Querier) error) error {
	tx, err := on.BeginTx(ctx, opts)
	if err != nil {
		return fmt.Errorf("%s: beginning: %w", doing, err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	if err := fn(Querier{run: tx, dialect: db.dialect}); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s: committing: %w", doing, err)
	}
	return nil
}

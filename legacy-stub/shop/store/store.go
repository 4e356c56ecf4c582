// Package store is the shop's database: every SQL statement of the shop stands here.
//
// The handlers in package shop call it. It promises that SQLite and PostgreSQL answer alike, that each exported method is one
// transaction, that a method's error is either one of this package's errors (errors.go) or says what was being done, and that nothing is
// retried behind the caller's back. It knows nothing of HTTP, passwords or cookies beyond the hash of a session's token.
//
// Other programs may read and write the same database while the shop runs. What they must know stands in migrations/0001_shop.sql.
//
//	db, err := store.Open(ctx, store.Options{DSN: "data/shop.db", Now: time.Now})
//	if err != nil { … }
//	defer db.Close()
//	page, err := db.Products(ctx, store.Filter{Query: "oak board", Sort: "price", PerPage: 24})
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Options says where the database is.
type Options struct {
	// DSN is a path to an SQLite file (made when it is not there) or a postgres:// URL.
	DSN string
	// Now is the clock that stamps rows. Default time.Now.
	Now func() time.Time
}

// Store is an open database. It is safe for use by many goroutines.
type Store struct {
	dialect dialect
	now     func() time.Time
	read    *sql.DB
	write   *sql.DB // for SQLite one connection, so that writers of this process queue here and not in SQLite's busy handler
}

// Open opens the database and brings its schema up to date. Several processes may open a new database at once; one of them
// creates the schema and the others wait for it.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	d := dialectOf(o.DSN)
	s := &Store{dialect: d, now: o.Now}
	var err error
	if s.read, s.write, err = d.open(ctx, o.DSN); err != nil {
		return nil, fmt.Errorf("opening the %s database: %w", d.name(), err)
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("bringing the database schema up to date: %w", err), s.Close())
	}
	return s, nil
}

// Close closes the database. It may be called more than once.
func (s *Store) Close() error {
	if s.read == s.write {
		return s.write.Close()
	}
	return errors.Join(s.read.Close(), s.write.Close())
}

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.read.PingContext(ctx); err != nil {
		return fmt.Errorf("asking the database for a sign of life: %w", err)
	}
	return nil
}

// Dialect is "sqlite" or "postgres".
func (s *Store) Dialect() string { return s.dialect.name() }

// SeededAt is the time at which the database was filled; zero if it never was.
func (s *Store) SeededAt(ctx context.Context) (time.Time, error) {
	return seededAt(ctx, s.reader())
}

func millis(t time.Time) int64          { return t.UnixMilli() }
func fromMillis(ms int64) time.Time     { return time.UnixMilli(ms).UTC() }
func (s *Store) nowMillis() int64       { return millis(s.now()) }
func nullID(id int64) (n sql.NullInt64) { return sql.NullInt64{Int64: id, Valid: id != 0} }

package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// runner is what *sql.DB and *sql.Tx share.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// querier runs statements, written with "?" placeholders, in a transaction or outside one.
type querier struct {
	run runner
	dialect
}

func (q querier) exec(ctx context.Context, query string, args ...any) (rows int64, err error) {
	res, err := q.run.ExecContext(ctx, q.rebind(query), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (q querier) row(ctx context.Context, query string, args ...any) *sql.Row {
	return q.run.QueryRowContext(ctx, q.rebind(query), args...)
}

// each calls scan for every row.
func (q querier) each(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := q.run.QueryContext(ctx, q.rebind(query), args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// reader runs single statements outside a transaction.
func (s *Store) reader() querier { return querier{run: s.read, dialect: s.dialect} }

// update runs fn in a writing transaction and says what was being done when it fails.
func (s *Store) update(ctx context.Context, doing string, fn func(q querier) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s: beginning: %w", doing, err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	if err := fn(querier{run: tx, dialect: s.dialect}); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s: committing: %w", doing, err)
	}
	return nil
}

// field is a column and its value.
type field struct {
	column string
	value  any
}

// insert adds a row with the given id, or with the next one if id is 0, and returns its id.
func insert(ctx context.Context, q querier, table string, id int64, fields []field) (int64, error) {
	if id != 0 {
		fields = append([]field{{"id", id}}, fields...)
	}
	columns := make([]string, len(fields))
	values := make([]any, len(fields))
	for i, f := range fields {
		columns[i], values[i] = f.column, f.value
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(fields)), ", ")
	err := q.row(ctx, "INSERT INTO "+table+" ("+strings.Join(columns, ", ")+") VALUES ("+marks+") RETURNING id", values...).Scan(&id)
	return id, err
}

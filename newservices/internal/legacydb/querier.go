package legacydb

import (
	"context"
	"database/sql"
)

// runner is what *sql.DB and *sql.Tx share.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Querier runs statements, inside a transaction or outside. Statements have "?" for each argument and
// no question mark otherwise. Errors are the driver's own.
type Querier struct {
	run     runner
	dialect dialect
}

// Scan reads the columns of one row, as [sql.Rows.Scan] does.
type Scan func(into ...any) error

// Exec runs a statement and returns how many rows it changed.
func (q Querier) Exec(ctx context.Context, query string, args ...any) (rows int64, err error) {
	result, err := q.run.ExecContext(ctx, q.dialect.rebind(query), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Row runs a query that has at most one row; Scan of the row returns [sql.ErrNoRows] if it has none.
func (q Querier) Row(ctx context.Context, query string, args ...any) *sql.Row {
	return q.run.QueryRowContext(ctx, q.dialect.rebind(query), args...)
}

// Each runs a query and calls fn for each row, until one fails.
func (q Querier) Each(ctx context.Context, fn func(scan Scan) error, query string, args ...any) error {
	rows, err := q.run.QueryContext(ctx, q.dialect.rebind(query), args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err says what went wrong
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

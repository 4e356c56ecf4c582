package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"time"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate runs the files of migrations/ that this database has not seen, in the order of their names, in one transaction.
func (s *Store) migrate(ctx context.Context) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	slices.Sort(names)
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if err := s.dialect.lockSchema(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)"); err != nil {
		return err
	}
	q := querier{run: tx, dialect: s.dialect}
	var done int
	if err := q.row(ctx, "SELECT COALESCE(MAX(version), 0) FROM schema_version").Scan(&done); err != nil {
		return err
	}
	for i, name := range names {
		if i < done {
			continue
		}
		text, err := fs.ReadFile(migrations, name)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, s.dialect.schema(string(text))); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if _, err := q.exec(ctx, "INSERT INTO schema_version (version) VALUES (?)", i+1); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// Data is what a new shop starts with.
type Data struct {
	Categories []Category
	Products   []Product // ID and SKU are kept; change_seq follows the order
	Users      []User    // ID is kept
	Orders     []Order   // ID is kept
}

// SeedOnce fills an empty database with what make returns, in one transaction, and does nothing to one that was filled before.
// When several processes start at once, one fills it and the others wait.
func (s *Store) SeedOnce(ctx context.Context, make func(now time.Time) (Data, error)) error {
	if at, err := seededAt(ctx, s.reader()); err != nil || !at.IsZero() {
		return err
	}
	now := s.now()
	data, err := make(now) // outside the transaction: hashing passwords takes its time
	if err != nil {
		return fmt.Errorf("making the first data: %w", err)
	}
	return s.update(ctx, "filling the database", func(q querier) error {
		n, err := q.exec(ctx, "INSERT INTO settings (name, value) VALUES ('seeded_at', ?) ON CONFLICT (name) DO NOTHING",
			strconv.FormatInt(millis(now), 10))
		if err != nil || n == 0 {
			return err
		}
		return s.seed(ctx, q, data)
	})
}

func (s *Store) seed(ctx context.Context, q querier, data Data) error {
	for i, c := range data.Categories {
		if _, err := q.exec(ctx, "INSERT INTO categories (slug, name, blurb, position) VALUES (?, ?, ?, ?)",
			c.Slug, c.Name, c.Blurb, i+1); err != nil {
			return err
		}
	}
	last, err := nextChanges(ctx, q, len(data.Products))
	if err != nil {
		return err
	}
	for i, p := range data.Products {
		p.ChangeSeq = last - int64(len(data.Products)-1-i)
		if _, err := insertProduct(ctx, q, p); err != nil {
			return fmt.Errorf("product %d: %w", p.ID, err)
		}
	}
	for _, u := range data.Users {
		if _, err := insertUser(ctx, q, u); err != nil {
			return fmt.Errorf("user %s: %w", u.Email, err)
		}
	}
	for _, o := range data.Orders {
		if _, err := insertOrder(ctx, q, o); err != nil {
			return fmt.Errorf("order %d: %w", o.ID, err)
		}
	}
	for _, table := range []string{"products", "users", "orders"} {
		if err := s.dialect.resetIDs(ctx, q, table); err != nil {
			return err
		}
	}
	return nil
}

func seededAt(ctx context.Context, q querier) (time.Time, error) {
	var text string
	err := q.row(ctx, "SELECT value FROM settings WHERE name = 'seeded_at'").Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("reading when the database was filled: %w", err)
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading settings.seeded_at: %w", err)
	}
	return fromMillis(ms), nil
}

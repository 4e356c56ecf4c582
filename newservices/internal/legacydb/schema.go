package legacydb

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Schema is what a service needs of the database: the columns of each table.
type Schema map[string][]string

// With is both schemas together.
func (s Schema) With(other Schema) Schema {
	both := maps.Clone(s)
	for table, columns := range other {
		both[table] = append(slices.Clone(both[table]), columns...)
	}
	return both
}

// MissingError says what a database lacks that answers.
type MissingError struct {
	Things []string // "table carts", "column products.change_seq"; sorted
}

func (e *MissingError) Error() string {
	return "the shop's database lacks " + strings.Join(e.Things, ", ") +
		": it is not the shop's, or not of a version that this service knows"
}

// Check tells whether the database answers and has what is needed; *MissingError lists what is not
// there. It changes nothing.
func (db *DB) Check(ctx context.Context, needs Schema) error {
	if err := db.dialect.present(); err != nil {
		return err
	}
	if err := db.read.PingContext(ctx); err != nil {
		return fmt.Errorf("the shop's database does not answer: %w", err)
	}
	var missing []string
	for _, table := range slices.Sorted(maps.Keys(needs)) {
		have, err := db.columnsOf(ctx, table)
		if err != nil {
			return fmt.Errorf("looking at the columns of table %s: %w", table, err)
		}
		if len(have) == 0 {
			missing = append(missing, "table "+table)
			continue
		}
		for _, column := range slices.Compact(slices.Sorted(slices.Values(needs[table]))) {
			if !have[column] {
				missing = append(missing, "column "+table+"."+column)
			}
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return &MissingError{Things: missing}
	}
	return nil
}

func (db *DB) columnsOf(ctx context.Context, table string) (map[string]bool, error) {
	have := map[string]bool{}
	err := db.Reader().Each(ctx, func(scan Scan) error {
		var name string
		err := scan(&name)
		have[name] = true
		return err
	}, db.dialect.columns(), table)
	return have, err
}

package legacydb

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// dialect is what differs between the two databases.
type dialect interface {
	name() string
	// open returns handles for reading and writing, which may be the same. It does not connect.
	open() (read, write *sql.DB, err error)
	// snapshotOptions begin a transaction that reads one moment.
	snapshotOptions() *sql.TxOptions
	// rebind turns the placeholders "?" into this dialect's.
	rebind(query string) string
	// present tells why there is no database to connect to, as far as that shows from outside.
	present() error
	// columns is the query for the names of the columns of the table that its argument names.
	columns() string
}

// busyTimeout is how long a statement on SQLite waits for another program's writer.
const busyTimeout = 10 * time.Second

type sqliteDialect struct{ path string }

func (*sqliteDialect) name() string                    { return "sqlite" }
func (*sqliteDialect) snapshotOptions() *sql.TxOptions { return nil } // WAL: a transaction is one
func (*sqliteDialect) rebind(query string) string      { return query }
func (*sqliteDialect) columns() string                 { return "SELECT name FROM pragma_table_info(?)" }

func (d *sqliteDialect) open() (read, write *sql.DB, err error) {
	if d.path, err = filepath.Abs(d.path); err != nil {
		return nil, nil, err
	}
	if write, err = d.handle("immediate", "synchronous(NORMAL)", "foreign_keys(1)"); err != nil {
		return nil, nil, err
	}
	write.SetMaxOpenConns(1)
	if read, err = d.handle("deferred", "query_only(1)"); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	readers := 2 + 2*runtime.GOMAXPROCS(0)
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return read, write, nil
}

// handle never creates the file, since mode=rw: an empty database in the monolith's place would only
// hide that the path is wrong.
func (d *sqliteDialect) handle(txlock string, pragmas ...string) (*sql.DB, error) {
	busy := fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds())
	v := url.Values{"mode": {"rw"}, "_txlock": {txlock}, "_pragma": append([]string{busy}, pragmas...)}
	u := url.URL{Scheme: "file", OmitHost: true, Path: d.path, RawQuery: v.Encode()}
	return sql.Open("sqlite", u.String())
}

func (d *sqliteDialect) present() error {
	if _, err := os.Stat(d.path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no file %s: the shop makes it when it starts", d.path)
	}
	return nil
}

type postgresDialect struct{ dsn string }

// connectTimeout is how long a connection to PostgreSQL may take, unless the URL says connect_timeout.
const connectTimeout = 5 * time.Second

func (postgresDialect) name() string   { return "postgres" }
func (postgresDialect) present() error { return nil }

func (postgresDialect) snapshotOptions() *sql.TxOptions {
	return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
}

func (postgresDialect) columns() string {
	return `SELECT attname FROM pg_attribute
		WHERE attrelid = to_regclass(?) AND attnum > 0 AND NOT attisdropped`
}

func (d postgresDialect) open() (read, write *sql.DB, err error) {
	config, err := pgx.ParseConfig(d.dsn)
	if err != nil {
		return nil, nil, err // pgx leaves the password out
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	return db, db, nil
}

// rebind numbers the placeholders.
func (postgresDialect) rebind(query string) string {
	var b strings.Builder
	n := 0
	for i := range len(query) {
		if query[i] != '?' {
			b.WriteByte(query[i])
			continue
		}
		n++
		b.WriteString("$" + strconv.Itoa(n))
	}
	return b.String()
}

// Package pgtest gives tests a PostgreSQL database: from the server that SHOP_TEST_POSTGRES names, or from a private one that it starts
// from Debian's binaries in a temporary folder, on a unix socket only.
//
// A test package calls Run from its TestMain, and tests call Server.NewDB. Where there is no PostgreSQL the test is skipped with a
// message that says how to get it; under FICUS_TEST_ALL=1 it fails instead.
//
//	var pg pgtest.Server
//
//	func TestMain(m *testing.M) { code := m.Run(); pg.Stop(); os.Exit(code) }
//
//	func TestX(t *testing.T) { dsn := pg.NewDB(t) … }
package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Server is a PostgreSQL server that starts at the first NewDB.
type Server struct {
	start sync.Once
	dsn   string // of the server's database "postgres"
	err   error
	dir   string
	stop  func() error

	mu  sync.Mutex
	dbs int
}

var errNone = errors.New("there is no PostgreSQL here: apt-get install postgresql, or set SHOP_TEST_POSTGRES to a postgres:// URL whose user may create databases")

// NewDB makes an empty database that lasts for the test and returns its URL.
func (s *Server) NewDB(t testing.TB) string {
	t.Helper()
	s.start.Do(func() { s.dsn, s.err = s.boot() })
	if errors.Is(s.err, errNone) && os.Getenv("FICUS_TEST_ALL") != "1" {
		t.Skip(s.err)
	}
	if s.err != nil {
		t.Fatal(s.err)
	}
	s.mu.Lock()
	s.dbs++
	name := fmt.Sprintf("shop_test_%d_%d", os.Getpid(), s.dbs)
	s.mu.Unlock()
	s.admin(t, "CREATE DATABASE "+name)
	if s.stop == nil { // on a server that others use
		t.Cleanup(func() { s.admin(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	}
	u, err := url.Parse(s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// Stop ends the private server, if one was started.
func (s *Server) Stop() {
	if s.stop != nil {
		if err := s.stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stopping the test's PostgreSQL:", err)
		}
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir) // a leftover in the temporary folder is no failure of a test
	}
}

func (s *Server) admin(t testing.TB, statement string) {
	t.Helper()
	db, err := sql.Open("pgx", s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (s *Server) boot() (dsn string, err error) {
	if dsn := os.Getenv("SHOP_TEST_POSTGRES"); dsn != "" {
		return dsn, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.Join(errNone, err)
	}
	bin := filepath.Dir(slices.Max(found))
	if s.dir, err = os.MkdirTemp("", "pgtest"); err != nil {
		return "", err
	}
	run, err := s.runner(bin)
	if err != nil {
		return "", err
	}
	data := filepath.Join(s.dir, "data")
	if err := run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"); err != nil {
		return "", err
	}
	opts := "-c listen_addresses='' -c unix_socket_directories=" + s.dir + " -c fsync=off -c full_page_writes=off"
	if err := run("pg_ctl", "-D", data, "-w", "-l", filepath.Join(s.dir, "log"), "-o", opts, "start"); err != nil {
		return "", err
	}
	s.stop = func() error { return run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop") }
	return "postgres://postgres@/postgres?host=" + url.QueryEscape(s.dir), nil
}

// runner runs PostgreSQL's programs, as another user when the test runs as root, which PostgreSQL refuses.
func (s *Server) runner(bin string) (func(name string, args ...string) error, error) {
	attr := &syscall.SysProcAttr{}
	if os.Geteuid() == 0 {
		uid, gid, err := unprivileged()
		if err != nil {
			return nil, err
		}
		if err := os.Chown(s.dir, uid, gid); err != nil {
			return nil, err
		}
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)} // ids from the system's user list
	}
	return func(name string, args ...string) error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		log, err := os.OpenFile(filepath.Join(s.dir, name+".out"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600) // in our own folder
		if err != nil {
			return err
		}
		defer func() { _ = log.Close() }()
		cmd := exec.CommandContext(ctx, filepath.Join(bin, name), args...)       // PostgreSQL's programs, with our arguments
		cmd.Dir, cmd.SysProcAttr, cmd.Stdout, cmd.Stderr = s.dir, attr, log, log // a file: a pipe would stay open with the server
		if err := cmd.Run(); err != nil {
			text, _ := os.ReadFile(log.Name())
			return fmt.Errorf("%s: %w\n%s", name, err, text)
		}
		return nil
	}, nil
}

func unprivileged() (uid, gid int, err error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return 0, 0, fmt.Errorf("PostgreSQL does not run as root, and there is no other user to run it as: %w", err)
	}
	if uid, err = strconv.Atoi(u.Uid); err != nil {
		return 0, 0, err
	}
	gid, err = strconv.Atoi(u.Gid)
	return uid, gid, err
}

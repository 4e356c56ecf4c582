package service_test

import (
	"context"
	"database/sql"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ficus/legacy-stub/shop"
	"ficus/legacy-stub/shop/store"
	"ficus/newservices/catalog/service"
	pt "ficus/newservices/internal/paritytest"
)

func probe(t *testing.T, dsn, file string) (*service.Service, *pt.World) {
	c, err := service.Open(context.Background(), service.Config{DB: dsn, Store: file, LegacyBaseURL: "http://x/", Logger: slog.New(slog.DiscardHandler), Poll: 2 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	w := &pt.World{Shop: httptest.NewServer(c.Handler()), Clock: pt.NewClock()}
	t.Cleanup(func() { w.Shop.Close(); c.Close() })
	return c, w
}

func newShop(t *testing.T, dsn string) *shop.Shop {
	s, err := shop.Open(t.Context(), shop.Config{DB: dsn, PasswordCost: 4, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func show(t *testing.T, w *pt.World, paths ...string) {
	for _, p := range paths {
		b := time.Now()
		a := w.Do(t, pt.Request{Method: "GET", Target: p})
		t.Logf("%s %d cookies=%d %v %.220s", p, a.Status, len(a.Header["Set-Cookie"]), time.Since(b).Round(time.Millisecond), a.Body)
	}
}

func TestProbeUnfilled(t *testing.T) {
	dsn := filepath.Join(t.TempDir(), "s.db")
	st, err := store.Open(t.Context(), store.Options{DSN: dsn}) // schema, no seed
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	c, w := probe(t, dsn, filepath.Join(t.TempDir(), "c"))
	for range 100 {
		if c.Ready() == nil {
			break
		}
		show(t, w, "/readyz")
	}
	t.Log("ready on an unfilled database:", c.Ready())
	show(t, w, "/api/products", "/api/products?category=kitchen")
}

func TestProbeNotReadyAndDirs(t *testing.T) {
	_, w := probe(t, filepath.Join(t.TempDir(), "none.db"), filepath.Join(t.TempDir(), "c"))
	show(t, w, "/api/products", "/api/products/7", "/readyz")
	_, err := service.Open(t.Context(), service.Config{DB: "x", Store: filepath.Join(t.TempDir(), "new", "c")})
	t.Log("store in a new folder:", err)
}

func TestProbeReset(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "c")
	dsn := filepath.Join(dir, "s.db")
	s := newShop(t, dsn)
	st, _ := store.Open(t.Context(), store.Options{DSN: dsn})
	if err := st.DeleteProduct(t.Context(), 7); err != nil {
		t.Fatal(err)
	}
	st.Close()
	c, _ := probe(t, dsn, file)
	until(t, "ready", func() bool { return c.Ready() == nil })
	c.Close()
	s.Close()
	for _, n := range []string{"s.db", "s.db-wal", "s.db-shm"} {
		_ = os.Remove(filepath.Join(dir, n))
	}
	s = newShop(t, dsn) // a database begun anew: product 7 is on sale, changes count from the beginning
	defer s.Close()
	c, w := probe(t, dsn, file)
	until(t, "polls", func() bool {
		a := w.Do(t, pt.Request{Method: "GET", Target: "/readyz"})
		return !strings.Contains(string(a.Body), `"import_age_seconds":-1`)
	})
	show(t, w, "/readyz", "/api/products/7", "/api/products/8")
}

func TestProbeAway(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "c")
	dsn := filepath.Join(dir, "s.db")
	s := newShop(t, dsn)
	c, w := probe(t, dsn, file)
	until(t, "ready", func() bool { return c.Ready() == nil })
	// another program holds the writers' lock
	db, _ := sql.Open("sqlite", dsn)
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	show(t, w, "/api/products/8")
	_, _ = db.Exec("ROLLBACK")
	db.Close()
	s.Close()
	c.Close()
	_, w = probe(t, filepath.Join(dir, "gone.db"), file)
	show(t, w, "/api/products/8", "/readyz", "/metrics")
}

func TestProbeLeak(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dsn := filepath.Join(t.TempDir(), "s.db")
	newShop(t, dsn).Close()
	c, err := service.Open(context.Background(), service.Config{DB: dsn, Store: filepath.Join(t.TempDir(), "c"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "ready", func() bool { return c.Ready() == nil })
	for range 2 {
		if err := c.Close(); err != nil {
			t.Error("close", err)
		}
	}
}

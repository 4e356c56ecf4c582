package service_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ficus/legacy-stub/shop"
	"ficus/newservices/cart/service"
	pt "ficus/newservices/internal/paritytest"
)

func open(t *testing.T, dsn, base string) (*service.Service, *pt.World) {
	c, err := service.Open(context.Background(), service.Config{DB: dsn, LegacyBaseURL: base, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	w := &pt.World{Shop: httptest.NewServer(c.Handler()), Clock: pt.NewClock()}
	t.Cleanup(func() { w.Shop.Close(); c.Close() })
	return c, w
}

func TestProbeNotReady(t *testing.T) {
	c, w := open(t, filepath.Join(t.TempDir(), "none.db"), "")
	t.Log("ready:", c.Ready())
	for _, p := range []string{"/api/cart", "/readyz", "/healthz"} {
		a := w.Do(t, pt.Request{Method: "GET", Target: p})
		t.Logf("%s %d %s", p, a.Status, a.Body)
	}
}

func TestProbeBase(t *testing.T) {
	dsn := filepath.Join(t.TempDir(), "s.db")
	s, err := shop.Open(t.Context(), shop.Config{DB: dsn, PasswordCost: 4, BaseURL: "http://x/", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, w := open(t, dsn, "http://x/")
	a := w.Do(t, pt.Request{Client: "c", Method: "POST", Target: "/api/cart/items", Header: j, Body: `{"product_id":1}`})
	t.Logf("double slash in url: %v", strings.Contains(string(a.Body), "http://x//products"))
	m := w.Do(t, pt.Request{Method: "GET", Target: "/metrics"})
	for l := range strings.SplitSeq(string(m.Body), "\n") {
		if strings.HasPrefix(l, "cart_") && !strings.Contains(l, "bucket") {
			t.Log(l)
		}
	}
}

func TestProbeConcurrent(t *testing.T) {
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			w := world(t, dsns(t, kind)(), true, false)
			w.Do(t, pt.Request{Client: "c", Method: "GET", Target: "/api/cart"})
			var wg sync.WaitGroup
			var mu sync.Mutex
			bad := map[int]int{}
			began := time.Now()
			for i := range 40 {
				wg.Add(1)
				go func() {
					defer wg.Done()
					ww := *w // the jar is only read
					a := ww.Do(t, pt.Request{Client: "c", Method: "POST", Target: "/api/cart/items", Header: j, Body: fmt.Sprintf(`{"product_id":%d}`, 1+i%2), Shop: i%4 < 2})
					mu.Lock()
					bad[a.Status]++
					mu.Unlock()
				}()
			}
			wg.Wait()
			a := w.Do(t, pt.Request{Client: "c", Method: "GET", Target: "/api/cart"})
			t.Logf("%v in %v; %s", bad, time.Since(began), a.Body[max(0, len(a.Body)-120):])
		})
	}
}

func TestProbeLeak(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	c, err := service.Open(context.Background(), service.Config{DB: filepath.Join(t.TempDir(), "x.db")})
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Ready()
	for range 2 {
		if err := c.Close(); err != nil {
			t.Error("close", err)
		}
	}
}

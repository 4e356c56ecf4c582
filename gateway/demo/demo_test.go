package demo_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"ficus/gateway/demo"
)

func start(t *testing.T, jwksURL string) *demo.Demo {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	d, err := demo.Start(ctx, demo.Config{Dir: t.TempDir(), Routes: fstest.MapFS{}, JWKSURL: jwksURL, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// With the address of the gateway's keys, though nobody answers there yet, all four services run.
func TestWithKeys(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	keys := httptest.NewServer(http.NotFoundHandler())
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	defer keys.Close()
	d := start(t, keys.URL)
	for name, url := range map[string]string{
		"CATALOG_ADDRESS": d.Catalog, "CART_ADDRESS": d.Cart, "ORDERS_ADDRESS": d.Orders, "ACCOUNTS_ADDRESS": d.Accounts, "LEGACY_ADDRESS": d.Legacy,
	} {
		if d.Environment()[name] != url || url == "" {
			t.Errorf("%s is %q, want %q", name, d.Environment()[name], url)
		}
	}
	for url, want := range map[string]int{
		d.Catalog + "/readyz": 200, d.Cart + "/readyz": 200, d.Orders + "/readyz": 200, d.Accounts + "/readyz": 200,
		d.Orders + "/api/orders": 401, d.Accounts + "/api/account": 401, d.Cart + "/api/cart": 200,
	} {
		if got := statusOf(t, url); got != want {
			t.Errorf("%s: %d, want %d", url, got, want)
		}
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// Without keys those that can't do without are left out.
func TestWithoutKeys(t *testing.T) {
	d := start(t, "")
	defer d.Close()
	if _, set := d.Environment()["ORDERS_ADDRESS"]; set || d.Orders != "" || d.Accounts != "" || statusOf(t, d.Cart+"/readyz") != 200 {
		t.Errorf("%+v", d)
	}
}

func statusOf(t *testing.T, url string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	_, _ = io.Copy(io.Discard, a.Body)
	return a.StatusCode
}

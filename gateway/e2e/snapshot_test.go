package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"ficus/gateway/control"
	"ficus/gateway/gatewaytest"
)

// ask decodes an answer of the admin API, strictly.
func ask[T any](t *testing.T, g *gatewaytest.Gateway, path string, wantStatus int) T {
	t.Helper()
	status, body := g.AdminGet(path)
	var value T
	d := json.NewDecoder(strings.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&value); status != wantStatus || err != nil {
		t.Fatalf("%s: %d, want %d; %v: %s", path, status, wantStatus, err, body)
	}
	return value
}

// serves checks what probes, metrics and tools say of the table that serves.
func serves(t *testing.T, g *gatewaytest.Gateway, status string, source control.Source, ok bool) {
	t.Helper()
	r := ask[control.Readiness](t, g, "/readyz", http.StatusOK)
	if r.Status != status || r.Source != source || r.LastReloadOK != ok || r.Revision != g.Table().Revision || (r.Errors == 0) != ok {
		t.Errorf("readyz: %+v, want %s from %s, last reload %v", r, status, source, ok)
	}
	listing := ask[control.Listing](t, g, "/ficus/table", http.StatusOK)
	if listing.Source != source || listing.Revision != r.Revision || len(listing.Entries) != len(g.Table().Entries) {
		t.Errorf("table: %+v", listing)
	}
	findings := ask[control.Findings](t, g, "/ficus/problems", http.StatusOK)
	if findings.LastReloadOK != ok || findings.Errors != r.Errors || len(findings.Problems) != r.Errors+r.Warnings {
		t.Errorf("problems: %+v", findings)
	}
	for _, each := range []control.Source{control.SourceFolder, control.SourceSnapshot, control.SourceLegacyOnly} {
		want := "0"
		if each == source {
			want = "1"
		}
		if got, _ := g.Metric(`ficus_table_source{source="` + string(each) + `"}`); got != want {
			t.Errorf("the gauge of %s is %q, want %s", each, got, want)
		}
	}
}

// A gateway that starts on a broken folder serves what it served last, says so, and
// recovers by an edit.
func TestRestartOnABrokenFolder(t *testing.T) {
	legacy, cart := named(t, "legacy", nil), named(t, "new", nil)
	good := map[string]string{"legacy.yaml": legacyFile(legacy), "cart.yaml": cartFile(cart, "new", 0)}
	g := gatewaytest.Start(t, good)
	answers := func(want string) {
		t.Helper()
		if _, body := g.Get("/cart"); body != want {
			t.Errorf("/cart is answered by %s, want %s", body, want)
		}
	}
	kept := func() {
		t.Helper()
		g.Await("the snapshot", func() bool { v, _ := g.Metric("ficus_table_snapshot_kept"); return v == "1" })
	}
	serves(t, g, "ready", control.SourceFolder, true)
	kept()

	g.Restart(func() { g.Write("cart.yaml", strings.Replace(good["cart.yaml"], "stage", "stgae", 1)) })
	answers("new")
	serves(t, g, "degraded", control.SourceSnapshot, false)
	problem := ask[control.Findings](t, g, "/ficus/problems", http.StatusOK).Problems[0]
	if problem.Origin.String() != "routes/cart.yaml:6:5" || problem.Code != "unknown_key" || problem.Line != "    stgae: new" || problem.Hint != `did you mean "stage"?` {
		t.Errorf("the problem is %+v", problem)
	}
	place := ask[control.Listing](t, g, "/ficus/table", http.StatusOK).Entries[0].Place
	if !strings.HasPrefix(place, "last-good-") || !strings.HasSuffix(place, ".tar.gz/cart.yaml:3:5") {
		t.Errorf("the entry stands in %s", place)
	}
	g.Reload() // of the Caddyfile changes nothing
	answers("new")
	serves(t, g, "degraded", control.SourceSnapshot, false)

	g.WriteAndAwait("cart.yaml", cartFile(cart, "legacy", 0))
	g.Await("the folder to serve", func() bool { _, body := g.AdminGet("/readyz"); return strings.Contains(body, `"source":"folder"`) })
	answers("legacy")
	serves(t, g, "ready", control.SourceFolder, true)
	g.Write("cart.yaml", "routes: nonsense")
	g.Await("the edit to be rejected", func() bool { _, body := g.AdminGet("/readyz"); return strings.Contains(body, `"last_reload_ok":false`) })
	answers("legacy")
	serves(t, g, "ready", control.SourceFolder, false)

	g.Write("cart.yaml", cartFile(cart, "new", 0))
	g.Await("the mended folder", func() bool { _, body := g.AdminGet("/readyz"); return strings.Contains(body, `"last_reload_ok":true`) })
	kept()
	g.Restart(func() {
		if err := os.RemoveAll(g.Routes); err != nil {
			t.Fatal(err)
		}
	})
	answers("new")
	serves(t, g, "degraded", control.SourceSnapshot, false)
}

// Without a snapshot all goes to legacy, and where that is not known either, the
// gateway is not ready.
func TestStartOnABrokenFolder(t *testing.T) {
	g := gatewaytest.Start(t, map[string]string{"legacy.yaml": legacyFile(named(t, "legacy", nil)), "a.yaml": "routes: nonsense"})
	if _, body := g.Get("/cart"); body != "legacy" {
		t.Errorf("/cart is answered by %s", body)
	}
	serves(t, g, "degraded", control.SourceLegacyOnly, false)

	g.Restart(func() { g.Write("legacy.yaml", "") })
	r := ask[control.Readiness](t, g, "/readyz", http.StatusServiceUnavailable)
	if r.Status != "not_ready" || r.Source != control.SourceNone || r.Errors != 2 {
		t.Errorf("readyz: %+v", r)
	}
	if status, _ := g.Get("/cart"); status != http.StatusServiceUnavailable {
		t.Errorf("/cart is answered with %d", status)
	}
	if l := ask[control.Listing](t, g, "/ficus/table", http.StatusOK); l.Entries == nil || len(l.Entries) != 0 {
		t.Errorf("table: %+v", l)
	}
	if alive := ask[map[string]string](t, g, "/livez", http.StatusOK); alive["status"] != "alive" {
		t.Errorf("livez: %v", alive)
	}
}

func TestAdminMethods(t *testing.T) {
	g := gatewaytest.Start(t, map[string]string{"legacy.yaml": legacyFile(named(t, "legacy", nil))})
	for _, path := range []string{"/livez", "/readyz", "/ficus/table", "/ficus/problems"} {
		for method, want := range map[string]int{"GET": 200, "HEAD": 200, "POST": 405, "PUT": 405, "PATCH": 405, "DELETE": 405} {
			request, err := http.NewRequest(method, g.Admin+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != want {
				t.Errorf("%s %s: %d, want %d", method, path, response.StatusCode, want)
			}
			if kind := response.Header.Get("Content-Type"); want == 200 && kind != "application/json" {
				t.Errorf("%s %s: %s", method, path, kind)
			}
		}
	}
	if status, _ := g.AdminGet("/ficus/nothing"); status != 404 {
		t.Errorf("an unknown path: %d", status)
	}
}

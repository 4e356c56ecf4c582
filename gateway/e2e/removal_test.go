package e2e

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"ficus/gateway/control"
	"ficus/gateway/gatewaytest"
)

// services is a route file of a backend with routes /s0 to /s(n-1), all of them on the
// new side.
func services(address string, n int) string {
	text := fmt.Sprintf("backends: { services: { addresses: [%q] } }\nroutes:\n", address)
	for i := range n {
		text += fmt.Sprintf("  - { id: s%d, match: /s%d, backend: services, stage: new }\n", i, i)
	}
	return text
}

// A folder that loses most of its routes does not send their traffic to legacy: not by an
// edit, a reload or a start. It is told everywhere, and takes effect when it is confirmed.
func TestRemovalWaitsForConfirmation(t *testing.T) {
	legacy, side := named(t, "legacy", nil), named(t, "new", nil)
	g := gatewaytest.Start(t, map[string]string{"legacy.yaml": legacyFile(legacy), "services.yaml": services(side, 12)})
	before := g.Table()
	answers := func(path, want string) {
		t.Helper()
		if _, body := g.Get(path); body != want {
			t.Errorf("%s is answered by %s, want %s", path, body, want)
		}
	}
	waits := func() *control.Removal {
		t.Helper()
		g.Await("the gauge at 0", func() bool { v, _ := g.Metric("ficus_table_last_reload_successful"); return v == "0" })
		if v, _ := g.Metric(`ficus_table_problems{code="removal",severity="error"}`); v != "1" {
			t.Errorf("problems: %q", v)
		}
		removal := ask[control.Findings](t, g, "/ficus/problems", http.StatusOK).Removal
		if removal == nil || removal.Of != 12 {
			t.Fatalf("what waits is %+v", removal)
		}
		return removal
	}
	g.Await("the snapshot", func() bool { v, _ := g.Metric("ficus_table_snapshot_kept"); return v == "1" })

	g.Write("services.yaml", services(side, 2)) // by an edit
	removal := waits()
	serves(t, g, "ready", control.SourceFolder, false)
	answers("/s11", "new")
	if g.Table() != before || removal.Gone != 10 || len(removal.Routes) != 10 {
		t.Errorf("it serves already, or is told as %+v", removal)
	}
	if out, _ := verb(t, g, "status"); !strings.Contains(out, "waits for a confirmation (ficus routes confirm)") || !strings.Contains(out, "removal: 10 of 12 routes would be gone: s10, s11, s2, s3, s4 and 5 more") {
		t.Errorf("ficus status: %s", out)
	}
	if page := consolePage(t, g, "/problems"); !strings.Contains(page, "ficus routes confirm "+removal.Hash) {
		t.Errorf("the console: %s", page)
	}
	g.Reload()
	answers("/s11", "new")

	g.Restart(func() {}) // by a start
	serves(t, g, "degraded", control.SourceSnapshot, false)
	answers("/s11", "new")
	if again := waits(); again.Hash != removal.Hash {
		t.Errorf("the same content is %s, and %s after a restart", removal.Hash, again.Hash)
	}

	out, err := verb(t, g, "routes", "confirm")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(out, "  ficus routes confirm "+removal.Hash+"\n") {
		t.Errorf("ficus routes confirm: %v\n%s", err, out)
	}
	if out, err := verb(t, g, "routes", "confirm", "0123456789abcdef"); err == nil || !strings.Contains(out, "that is not the edit that waits") {
		t.Errorf("another hash: %v\n%s", err, out)
	}
	answers("/s11", "new")
	if out, err := verb(t, g, "routes", "confirm", removal.Hash); err != nil || !strings.Contains(out, "serves, routes: 2") {
		t.Errorf("confirmed: %v\n%s", err, out)
	}
	answers("/s11", "legacy")
	answers("/s1", "new")
	serves(t, g, "ready", control.SourceFolder, true)
	if out, err := verb(t, g, "routes", "confirm"); err != nil || !strings.Contains(out, "no edit waits") {
		t.Errorf("afterwards: %v\n%s", err, out)
	}
}

// consolePage returns a page of the console.
func consolePage(t *testing.T, g *gatewaytest.Gateway, path string) string {
	t.Helper()
	response, err := g.Client().Get(g.Console + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// With max_removal 100% nobody is asked.
func TestRemovalUnasked(t *testing.T) {
	legacy, side := named(t, "legacy", nil), named(t, "new", nil)
	g := gatewaytest.StartEdited(t, map[string]string{"legacy.yaml": legacyFile(legacy), "services.yaml": services(side, 12)},
		"\tficus {\n", "\tficus {\n\t\tmax_removal 100%\n")
	g.WriteAndAwait("services.yaml", services(side, 1))
	if _, body := g.Get("/s11"); body != "legacy" {
		t.Errorf("/s11 is answered by %s", body)
	}
}

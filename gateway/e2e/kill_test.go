package e2e

import (
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ficus/gateway/gatewaytest"
)

// verb runs a verb of the program against a gateway and returns what it printed.
func verb(t *testing.T, g *gatewaytest.Gateway, args ...string) (string, error) {
	t.Helper()
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(program, append(args, "--admin", g.Admin)...).CombinedOutput()
	return string(out), err
}

// A kill takes a route back to legacy within 100 ms, under load and without a failed
// request; it is shown, survives a restart and edits, and ends when it is taken back.
func TestKillUnderLoad(t *testing.T) {
	legacy, cart := named(t, "legacy", nil), named(t, "new", nil)
	g := gatewaytest.Start(t, map[string]string{"legacy.yaml": legacyFile(legacy), "cart.yaml": cartFile(cart, "new", 0)})
	var last atomic.Int64 // when the new side answered last, in nanoseconds
	var clients sync.WaitGroup
	stop := make(chan struct{})
	for range 8 {
		c := dial(t, g)
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				begun := time.Now().UnixNano()
				body, err := c.get("/cart")
				if err != nil {
					t.Error(err)
					return
				}
				if body == "new" {
					last.Store(max(begun, last.Load()))
				}
			}
		})
	}
	gatewaytest.Await(t, "the new side to answer", func() bool { return last.Load() > 0 })
	asked := time.Now().UnixNano()
	response, err := http.Post(g.Admin+"/ficus/kill", "application/json", strings.NewReader(`{"routes":["cart"],"reason":"wrong totals"}`))
	if err != nil || response.StatusCode != 200 {
		t.Fatal(response, err)
	}
	response.Body.Close()
	killed := time.Now().UnixNano()
	gatewaytest.Await(t, "some more requests", func() bool { return time.Now().UnixNano() > killed+int64(200*time.Millisecond) })
	close(stop)
	clients.Wait()
	if late := time.Duration(last.Load() - killed); late > 0 {
		t.Errorf("the new side got a request %v after the kill had been confirmed", late)
	}
	t.Logf("the kill was confirmed after %v; the last request to the new side began %v after it was asked for",
		time.Duration(killed-asked), time.Duration(last.Load()-asked))
	if _, answer := g.AdminGet("/ficus/table"); !strings.Contains(answer, `"reason":"wrong totals"`) {
		t.Errorf("the table does not show it: %s", answer)
	}
	if value, ok := g.Metric(`ficus_route_killed{route="cart"}`); !ok || value != "1" {
		t.Errorf("the metric says %q", value)
	}
	g.WriteAndAwait("cart.yaml", cartFile(cart, "canary", 100))
	g.Restart(func() {})
	if _, body := g.Get("/cart"); body != "legacy" {
		t.Errorf("after a restart and an edit: %s", body)
	}
	if out, err := verb(t, g, "routes", "explain", "--live", "/cart"); err != nil || !strings.Contains(out, "wrong totals") {
		t.Errorf("explain: %v\n%s", err, out)
	}
	if out, err := verb(t, g, "unkill", "cart"); err != nil || !strings.Contains(out, "no route is killed") {
		t.Errorf("unkill: %v\n%s", err, out)
	}
	g.WriteAndAwait("cart.yaml", cartFile(cart, "new", 0))
	if _, body := g.Get("/cart"); body != "new" {
		t.Errorf("after it was taken back: %s", body)
	}
}

func TestKillWhatCanNotBe(t *testing.T) {
	legacy, cart := named(t, "legacy", nil), named(t, "new", nil)
	g := gatewaytest.Start(t, map[string]string{"legacy.yaml": legacyFile(legacy), "cart.yaml": cartFile(cart, "retired", 0)})
	for _, tc := range []struct{ args, want string }{
		{"kill nobody", `"nobody": the table that serves has no such route`},
		{"kill cart", "the route is retired"},
		{"kill", "name routes, or --all"},
		{"unkill cart", "no route is killed"},
	} {
		if out, err := verb(t, g, strings.Fields(tc.args)...); err == nil || !strings.Contains(out, tc.want) {
			t.Errorf("ficus %s: %v, %s; want %q", tc.args, err, out, tc.want)
		}
	}
	if out, err := verb(t, g, "kill", "--all", "--reason", "all of it"); err != nil || !strings.Contains(out, "all routes") || !strings.Contains(out, "all of it") {
		t.Errorf("kill --all: %v\n%s", err, out)
	}
	if _, body := g.Get("/cart"); body != "new" {
		t.Errorf("all killed, and the retired route is answered by %s", body)
	}
}

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"

	"ficus/gateway/backend"
	"ficus/gateway/backend/breaker"
	"ficus/gateway/change/grafana"
	"ficus/gateway/gatewaytest"
	"ficus/modules/app"
)

func init() { caddy.RegisterModule(postHandler{}) }

// postHandler is a handler of Caddy events that posts them as JSON, as one of the many that
// there are does.
type postHandler struct {
	To string `json:"to"`
}

// CaddyModule returns the Caddy module information.
func (postHandler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "events.handlers.post", New: func() caddy.Module { return new(postHandler) }}
}

// UnmarshalCaddyfile reads: post <url>
func (h *postHandler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if !d.Args(&h.To) {
		return d.ArgErr()
	}
	return nil
}

// Handle posts the event, and what a placeholder says of it.
func (h *postHandler) Handle(ctx context.Context, e caddy.Event) error {
	repl := ctx.Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	body, err := json.Marshal(heard{Name: e.Name(), Data: e.Data, Line: repl.ReplaceAll("{event.data.kind} {event.data.route}@{event.data.backend} {event.data.by}", "")})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.To, bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

type heard struct {
	Name, Line string
	Data       map[string]any
}

// sink is a server that keeps the bodies it gets.
type sink[T any] struct {
	url string

	mu     sync.Mutex
	got    []T
	tokens []string
}

func newSink[T any](t *testing.T) *sink[T] {
	s := &sink[T]{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var one T
		if err := json.NewDecoder(r.Body).Decode(&one); err != nil {
			t.Errorf("%s: %v", r.URL, err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.got, s.tokens = append(s.got, one), append(s.tokens, r.Header.Get("Authorization"))
		_, _ = io.WriteString(w, `{"message":"Annotation added","id":1}`)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// await waits for one that is as wanted.
func (s *sink[T]) await(t *testing.T, what string, wanted func(T) bool) (found T) {
	t.Helper()
	gatewaytest.Await(t, what, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		i := slices.IndexFunc(s.got, wanted)
		if i >= 0 {
			found = s.got[i]
		}
		return i >= 0
	})
	return found
}

// Handlers of Caddy's events and Grafana hear of what is edited, killed and set by hand,
// over reloads, and the metric counts it.
func TestChangesAreToldToOthers(t *testing.T) {
	routes := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(routes, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	legacy, cart := named(t, "legacy", nil), named(t, "new", nil)
	write("legacy.yaml", legacyFile(legacy))
	write("cart.yaml", cartFile(cart, "legacy", 0))
	all, kills, board := newSink[heard](t), newSink[heard](t), newSink[grafana.Annotation](t)
	t.Setenv("GRAFANA_TOKEN", "glsa_secret")
	text := fmt.Sprintf(`{
	events {
		on ficus.change post %s
		on ficus.killed post %s
	}
	ficus {
		routes %s
		state %s
		cohort_key k
		grafana {
			url %s
			token {env.GRAFANA_TOKEN}
			tags prod
		}
	}
}
:8080 {
	metrics /metrics
	ficus
}`, all.url, kills.url, routes, t.TempDir(), board.url)
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(config), "glsa_secret") {
		t.Error("the token stands in the configuration")
	}
	gatewaytest.RunCaddy(t, config)
	all.await(t, "the first table", func(h heard) bool { return h.Data["kind"] == "table_applied" })

	write("cart.yaml", cartFile(cart, "canary", 25))
	moved := all.await(t, "the stage to move", func(h heard) bool { return h.Data["kind"] == "stage_moved" })
	if moved.Name != "ficus.change" || moved.Data["route"] != "cart" || moved.Data["text"] != "legacy → canary 25 %" || moved.Data["by"] != "" || moved.Line != "stage_moved cart@cart " {
		t.Errorf("%+v", moved)
	}
	a := board.await(t, "its annotation", func(a grafana.Annotation) bool { return slices.Contains(a.Tags, "stage_moved") })
	if !slices.Equal(a.Tags, []string{"ficus", "stage_moved", "route:cart", "backend:cart", "prod"}) || a.Text != "stage moved: cart: legacy → canary 25 %" || time.Since(time.UnixMilli(a.Time)) > time.Hour {
		t.Errorf("%+v", a)
	}
	if board.tokens[0] != "Bearer glsa_secret" {
		t.Errorf("the token is %q", board.tokens[0])
	}

	address := gatewaytest.ReloadCaddy(t, bytes.Replace(config, []byte(`"prod"`), []byte(`"test"`), 1))
	running, err := caddy.ActiveContext().AppIfConfigured("ficus")
	if err != nil {
		t.Fatal(err)
	}
	gateway := running.(*app.App)
	if _, err := gateway.Kills().Kill("cart", "wrong totals", "ann"); err != nil {
		t.Fatal(err)
	}
	killed := kills.await(t, "the kill", func(heard) bool { return true })
	if killed.Name != "ficus.killed" || killed.Line != "killed cart@ ann" || killed.Data["level"] != "WARN" {
		t.Errorf("%+v", killed)
	}
	board.await(t, "its annotation", func(a grafana.Annotation) bool {
		return slices.Contains(a.Tags, "test") && a.Text == "killed: cart: legacy serves: wrong totals (ann)"
	})
	if err := gateway.Backends().Override("cart", backend.Word{Set: breaker.ForceOpen, Reason: "it burns", By: "bob"}); err != nil {
		t.Fatal(err)
	}
	all.await(t, "the operator's word", func(h heard) bool { return h.Line == "breaker_set @cart bob" })
	all.await(t, "what came of it", func(h heard) bool { return h.Line == "breaker_opened @cart " })
	write("cart.yaml", "routes: nonsense")
	all.await(t, "the rejected edit", func(h heard) bool { return h.Data["kind"] == "table_rejected" })
	if len(kills.got) != 1 {
		t.Errorf("who asked for kills has got %d events", len(kills.got))
	}
	metrics := fetch(t, "http://"+address+"/metrics")
	for _, want := range []string{
		`ficus_changes_total{kind="killed"} 1`, `ficus_changes_total{kind="stage_moved"} 1`, `ficus_changes_total{kind="unkilled"} 0`,
		`ficus_changes_total{kind="breaker_set"} 1`, `ficus_changes_total{kind="breaker_opened"} 1`, `ficus_changes_total{kind="table_rejected"} 1`,
		`ficus_changes_delivered_total{result="dropped",sink="grafana"} 0`, `ficus_changes_delivered_total{result="failed",sink="grafana"} 0`,
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("there is no %s", want)
		}
	}
}

// Interface guards
var (
	_ caddyevents.Handler   = (*postHandler)(nil)
	_ caddyfile.Unmarshaler = (*postHandler)(nil)
)

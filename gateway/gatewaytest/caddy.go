package gatewaytest

import (
	"encoding/json"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// RunCaddy checks a configuration of Caddy, as JSON, as "caddy validate" does, and runs
// it in this process until the test ends: without admin API and log, its one server on
// a free port. It returns the server's address, host:port.
func RunCaddy(t testing.TB, config []byte) string {
	t.Helper()
	oneAtATime.Lock()
	t.Cleanup(oneAtATime.Unlock)
	loadCaddy(t, config)
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Errorf("stopping: %v", err)
		}
	})
	return listenAddress(t, "")
}

// ReloadCaddy has the Caddy that [RunCaddy] has started take another configuration, and
// returns its server's address, which may be another one.
func ReloadCaddy(t testing.TB, config []byte) string {
	t.Helper()
	loadCaddy(t, config)
	return listenAddress(t, "")
}

func loadCaddy(t testing.TB, config []byte) {
	t.Helper()
	var tree map[string]any
	if err := json.Unmarshal(config, &tree); err != nil {
		t.Fatal(err)
	}
	tree["admin"] = map[string]any{"disabled": true, "config": map[string]any{"persist": false}}
	tree["logging"] = map[string]any{"logs": map[string]any{"default": map[string]any{"writer": map[string]any{"output": "discard"}}}}
	for _, server := range tree["apps"].(map[string]any)["http"].(map[string]any)["servers"].(map[string]any) {
		server.(map[string]any)["listen"] = []string{"127.0.0.1:0"}
	}
	quiet, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	var parsed caddy.Config
	if err := caddy.StrictUnmarshalJSON(caddy.RemoveMetaFields(quiet), &parsed); err != nil {
		t.Fatalf("%v\n%s", err, config)
	}
	if err := caddy.Validate(&parsed); err != nil {
		t.Fatalf("%v\n%s", err, config)
	}
	if err := caddy.Load(quiet, true); err != nil {
		t.Fatalf("%v\n%s", err, config)
	}
}

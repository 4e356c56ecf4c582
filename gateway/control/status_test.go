package control

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What programs read of a table and of problems. The names don't change.
func TestStatusJSON(t *testing.T) {
	p := newTables(t, map[string]string{
		"legacy.yaml": legacyFile,
		"cart.yaml": `backends: { cart: { addresses: ["http://127.0.0.1:1", "http://127.0.0.1:2"], balance: round_robin } }
routes:
  - id: cart
    match: POST shop.example/cart/{id}
    when: { header: { X-Beta: "1" } }
    description: the cart
    owner: team-cart
    backend: cart
    stage: canary
    weight: 12.5
    group: journey
    cohort: ["cookie:sid", client_ip]
    force: signed
    policy: public
    expires: 2023-01-01
  - { id: list, match: GET /list, backend: cart, stage: new }
`,
	})
	p.load(Applied)
	for name, value := range map[string]any{
		"readiness": p.tables.Status().Readiness(),
		"listing":   p.tables.Status().Listing(nil),
		"findings":  p.tables.Status().Findings(),
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			e := json.NewEncoder(&got)
			e.SetIndent("", "  ")
			must(t, e.Encode(value))
			text := strings.ReplaceAll(got.String(), p.live.Revision, "REVISION") // a hash of all settings there are
			golden := filepath.Join("testdata", "status", name+".json")
			if *update {
				must(t, os.MkdirAll(filepath.Dir(golden), 0o755))
				must(t, os.WriteFile(golden, []byte(text), 0o600))
			}
			want, err := os.ReadFile(golden)
			must(t, err)
			if diff := cmp.Diff(string(want), text); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// The status is there while a load takes long.
func TestStatusDoesNotWait(t *testing.T) {
	p := newTables(t, map[string]string{"legacy.yaml": legacyFile})
	p.load(Applied)
	p.tables.mu.Lock()
	defer p.tables.mu.Unlock()
	if p.tables.Status().Table != p.live {
		t.Error("another table")
	}
}

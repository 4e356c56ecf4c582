package export

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"ficus/gateway/gatewaytest"
	"ficus/gateway/tools/export"
	"ficus/gateway/tools/export/exporttest"
)

// Caddy, run with what was exported, sends every request to the owner that the table
// names.
func TestCaddyOwners(t *testing.T) {
	backends := newRecorders(t, 24)
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			set, _ := exporttest.Table(r, exporttest.Kind{Hosts: seed%3 > 0, Conditions: seed%2 > 0})
			set, table := backends.give(t, set)
			result := write(t, export.Caddy, set, table)
			if len(result.Lost) > 0 {
				t.Errorf("lost: %v", result.Lost)
			}
			address := gatewaytest.RunCaddy(t, []byte(result.Config))
			for range 300 {
				q := exporttest.MakeRequest(r, exporttest.Spelling{Needless: true})
				owner := q.Owner(table)
				if got := backendOf(set, send(t, address, q)); got != owner.BackendOf(owner.Sides()[0]) {
					t.Fatalf("%s: Caddy asks %s, the table says %s (%s)\n%s", q, got, owner.ID, owner.Pattern, result.Config)
				}
			}
		})
	}
}

package control

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

const (
	guardedFile = legacyFile + "routes:\n  - id: cart\n    match: GET /cart\n    policy: shop.cart\n"
	goodPolicy  = "package shop.cart\n\nallow if input.method == \"GET\"\n"
	newPolicy   = "package shop.cart\n\nallow if input.method == \"HEAD\"\n"
	badPolicy   = "package shop.cart\n\nallow if input.method = \"GET\"; x\n"
	failingTest = "package shop.cart_test\n\nimport data.shop.cart\n\ntest_get if cart.allow with input as {\"method\": \"POST\"}\n"
)

// The folder's policies are loaded with its routes: whole or not at all.
func TestPolicies(t *testing.T) {
	p := newTables(t, map[string]string{"legacy.yaml": guardedFile, "policies/cart.rego": goodPolicy})
	p.load(Applied)
	first := p.policies
	if !first.Has("shop.cart") {
		t.Fatalf("policies %q", first.Names())
	}
	for name, text := range map[string]string{"policies/cart.rego": badPolicy, "policies/cart_test.rego": failingTest} {
		p.write(map[string]string{name: text})
		p.load(Rejected)
		p.logged(name)
		p.policiesDecide(0)
		if p.policies != first {
			t.Error("the policies before do not decide any more")
		}
		p.write(map[string]string{"policies/cart.rego": goodPolicy})
		if name != "policies/cart.rego" {
			if err := os.Remove(filepath.Join(p.dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		p.load(Applied)
	}
	p.write(map[string]string{"legacy.yaml": guardedFile + "    wait: 0\n"})
	p.load(Rejected)
	p.policiesDecide(1) // a broken route leaves them as they are
	p.write(map[string]string{"legacy.yaml": guardedFile + "    weight: 0\n"})
	p.load(Applied)
	p.policiesDecide(1)
	if p.policies != first {
		t.Error("policies that did not change were compiled again")
	}
	p.write(map[string]string{"policies/cart.rego": newPolicy})
	p.load(Applied)
	if p.policies == first {
		t.Error("the new policy does not decide")
	}
	p.write(map[string]string{"policies/cart.rego": strings.Replace(goodPolicy, "cart", "kart", 1)})
	p.load(Rejected)
	p.logged(`there is no policy \"shop.cart\"`)
}

// policiesDecide checks what metrics say of the policies that were loaded last.
func (p *published) policiesDecide(want float64) {
	p.t.Helper()
	name := "ficus_policy_last_reload_successful"
	text := fmt.Sprintf("# HELP %[1]s 1 if the policies that were loaded last decide, 0 if they were refused and those before decide on.\n# TYPE %[1]s gauge\n%[1]s %[2]v\n", name, want)
	if err := testutil.GatherAndCompare(p.registry, strings.NewReader(text), name); err != nil {
		p.t.Error(err)
	}
}

// A start with broken policies: the snapshot's decide; without one, what they guard is
// refused and the rest is served.
func TestStartWithBrokenPolicies(t *testing.T) {
	p := newTables(t, map[string]string{"legacy.yaml": guardedFile, "policies/cart.rego": goodPolicy})
	p.load(Applied)
	p.tables.Keep()
	p.write(map[string]string{"policies/cart.rego": badPolicy})
	p.start()
	p.load(FromSnapshot)
	if !p.policies.Has("shop.cart") {
		t.Error("the snapshot has no policies")
	}
	if err := os.RemoveAll(p.state); err != nil {
		t.Fatal(err)
	}
	p.write(map[string]string{"policies/cart.rego": ""}) // as a crash may leave it: it can't be read
	p.start()
	p.load(Unguarded)
	p.write(map[string]string{"policies/cart.rego": badPolicy})
	p.start()
	p.load(Unguarded)
	p.source(SourceUnguarded)
	if p.policies != nil || p.live.Entry("cart").Policy != "shop.cart" {
		t.Errorf("policies %v, serving %+v", p.policies, p.live)
	}
	if r := p.tables.Status().Readiness(); r.Status != "degraded" || !strings.Contains(r.Message, "policies") {
		t.Errorf("readiness %+v", r)
	}
}

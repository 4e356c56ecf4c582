package e2e

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ficus/gateway/gatewaytest"
	accounts "ficus/newservices/accounts/service"
	cart "ficus/newservices/cart/service"
	catalog "ficus/newservices/catalog/service"
	orders "ficus/newservices/orders/service"
	"ficus/routes"
)

// In every stage the journey through the gateway is that to the monolith, for every
// exchange, except the values that differ between two direct journeys too.
func TestJourneyInEachStage(t *testing.T) {
	one, _ := openShop(t, nil)
	two, _ := openShop(t, nil)
	first, second := travel(t, one, nil), travel(t, two, nil)
	for _, stage := range []string{"stage: legacy", "stage: canary\n  weight: 50", "stage: new"} {
		name, _, _ := strings.Cut(strings.TrimPrefix(stage, "stage: "), "\n")
		t.Run(name, func(t *testing.T) {
			g, caughtUp := startShopGateway(t, stage)
			got := travel(t, g.URL, caughtUp)
			compareMasked(t, first, second, got)
			t.Logf("%d exchanges; answered by new: %s", len(got), answeredByNew(g))
		})
	}
}

// startShopGateway starts shop, services and gateway with the shipped routes, all at
// one stage. caughtUp waits until the catalog has imported what the shop has.
func startShopGateway(t *testing.T, stage string) (g *gatewaytest.Gateway, caughtUp func(v *traveller)) {
	t.Helper()
	legacy, db := openShop(t, nil)
	quiet := slog.New(slog.DiscardHandler)
	catalogs, err := catalog.Open(context.Background(), catalog.Config{
		DB: db, Store: filepath.Join(t.TempDir(), "catalog.bolt"), LegacyBaseURL: oldShop,
		Logger: quiet, Now: theDay, Poll: 2 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	carts, err := cart.Open(context.Background(), cart.Config{DB: db, LegacyBaseURL: oldShop, Logger: quiet, Now: theDay})
	if err != nil {
		t.Fatal(err)
	}
	keys := newKeysOf(t)
	ordersService, err := orders.Open(context.Background(), orders.Config{DB: db, LegacyBaseURL: oldShop, JWKSURL: keys.URL, Logger: quiet, Now: theDay})
	if err != nil {
		t.Fatal(err)
	}
	accountsService, err := accounts.Open(context.Background(), accounts.Config{DB: db, JWKSURL: keys.URL, Logger: quiet, Now: theDay})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("ORDERS_ADDRESS", serve(t, ordersService.Handler(), ordersService.Close))
	t.Setenv("ACCOUNTS_ADDRESS", serve(t, accountsService.Handler(), accountsService.Close))
	catalogURL, cartURL := serve(t, catalogs.Handler(), catalogs.Close), serve(t, carts.Handler(), carts.Close)
	t.Setenv("LEGACY_ADDRESS", legacy)
	t.Setenv("CATALOG_ADDRESS", catalogURL)
	t.Setenv("CART_ADDRESS", cartURL)
	caughtUp = func(v *traveller) {
		gatewaytest.Await(t, "the catalog to catch up", func() bool {
			return listETag(v, legacy) == listETag(v, catalogURL)
		})
	}
	gatewaytest.Await(t, "the services", func() bool { return catalogs.Ready() == nil && carts.Ready() == nil })
	texts := shippedRoutes(t, stage)
	for name, text := range texts { // what a policy refuses is the gateway's own answer, and the shop's clock stands still
		texts[name] = guards.ReplaceAllString(text, "$0\n$1  mode: observe")
	}
	g = gatewaytest.Start(t, texts)
	keys.of(g)
	return g, caughtUp
}

var guards = regexp.MustCompile(`(?m)^( *)  policy: shop\.(orders|account|admin|checkout)$`)

// keysOf serves the keys of a gateway that starts after the services that need them.
type keysOf struct {
	*httptest.Server
	gateway atomic.Pointer[string]
}

func newKeysOf(t *testing.T) *keysOf {
	t.Helper()
	k := &keysOf{}
	k.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := k.gateway.Load()
		if at == nil {
			http.Error(w, "not yet", http.StatusServiceUnavailable)
			return
		}
		http.Redirect(w, r, *at+"/.well-known/ficus/jwks.json", http.StatusFound)
	}))
	t.Cleanup(k.Server.Close)
	return k
}

func (k *keysOf) of(g *gatewaytest.Gateway) { k.gateway.Store(&g.URL) }

func serve(t *testing.T, handler http.Handler, end func() error) string {
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.Close()
		if err := end(); err != nil {
			t.Error(err)
		}
	})
	return server.URL
}

// shippedRoutes returns the shipped route files with every route at one stage, and
// the policies.
func shippedRoutes(t *testing.T, stage string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := fs.WalkDir(routes.Files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := routes.Files.ReadFile(name)
		texts[name] = stageLines.ReplaceAllString(string(text), "  "+stage+"\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

var stageLines = regexp.MustCompile(`(?m)^  stage: .*\n  weight: .*\n`)

// listETag tells how far a product list is: it holds the number of the last change.
// It asks in the traveller's own session, since without one a new session, and with
// it a new cart, would begin.
func listETag(v *traveller, address string) string {
	r, err := http.NewRequest("HEAD", address+"/api/products?per_page=1", nil)
	if err != nil {
		v.t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "shop_session", Value: v.cookies["shop_session"]})
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	return response.Header.Get("Etag")
}

// answeredByNew sums the requests that a new service answered, by route.
func answeredByNew(g *gatewaytest.Gateway) string {
	counts := map[string]int{}
	for _, m := range newSide.FindAllStringSubmatch(g.Metrics(), -1) {
		var n int
		if _, err := fmt.Sscan(m[2], &n); err == nil {
			counts[m[1]] += n
		}
	}
	return fmt.Sprint(counts)
}

var newSide = regexp.MustCompile(`ficus_requests_total\{code="\d+",method="\w+",route="([\w-]+)",side="new"\} (\d+)`)

// compareMasked holds got against first, leaving out each word that differs between
// first and second.
func compareMasked(t *testing.T, first, second, got []exchange) {
	t.Helper()
	if len(first) != len(second) || len(first) != len(got) {
		t.Fatalf("%d, %d and %d exchanges", len(first), len(second), len(got))
	}
	masked, failures := 0, 0
	for i := range first {
		a, b, c := wordsOf(first[i]), wordsOf(second[i]), wordsOf(got[i])
		if len(a) != len(b) {
			t.Fatalf("exchange %d, %s: two direct answers have %d and %d words:\n%s\n%s", i, first[i].Step, len(a), len(b), text(first[i]), text(second[i]))
		}
		if len(a) != len(c) {
			failures++
			t.Errorf("exchange %d, %s: %d words instead of %d; want\n%.1500s\ngot\n%.1500s", i, first[i].Step, len(c), len(a), text(first[i]), text(got[i]))
			continue
		}
		for w := range a {
			if a[w] != b[w] {
				masked++
				continue
			}
			if a[w] != c[w] {
				failures++
				t.Errorf("exchange %d, %s: %q instead of %q; want\n%.1500s\ngot\n%.1500s", i, first[i].Step, c[w], a[w], text(first[i]), text(got[i]))
				break
			}
		}
		if failures > 5 {
			t.Fatal("and so on")
		}
	}
	t.Logf("%d words differ between two direct journeys and are left out", masked)
}

var word = regexp.MustCompile(`[\w.:+-]+|\S|\s+`)

func wordsOf(x exchange) []string { return word.FindAllString(text(x), -1) }

// text writes an exchange down with its headers sorted, and with the tags of
// products sorted, which the shop gives in no order.
func text(x exchange) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d chunked=%v\n", x.Status, x.Chunked)
	body, zipped := unzipped(x)
	for _, name := range slices.Sorted(maps.Keys(x.Header)) {
		if zipped && name == "Content-Length" {
			continue // follows the order of tags
		}
		fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(x.Header[name], "\n  "))
	}
	if strings.HasPrefix(x.Header.Get("Content-Type"), "application/json") {
		body = tags.ReplaceAllStringFunc(body, sortTags)
	}
	if len(body) > 1<<20 {
		body = fmt.Sprintf("%d bytes", len(body)) // the export; compared byte for byte elsewhere
	}
	b.WriteString("\n" + body)
	return b.String()
}

func unzipped(x exchange) (body string, zipped bool) {
	if x.Header.Get("Content-Encoding") != "gzip" || x.Body == "" {
		return x.Body, false
	}
	r, err := gzip.NewReader(strings.NewReader(x.Body))
	if err != nil {
		return "no gzip: " + err.Error(), true
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return "bad gzip: " + err.Error(), true
	}
	return string(text), true
}

var tags = regexp.MustCompile(`"tags":\[[^\]]*\]`)

func sortTags(field string) string {
	var list []string
	if json.Unmarshal([]byte(strings.TrimPrefix(field, `"tags":`)), &list) != nil {
		return field
	}
	slices.Sort(list)
	return fmt.Sprintf(`"tags":%q`, list)
}

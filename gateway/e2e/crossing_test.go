package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"ficus/gateway/gatewaytest"
	"ficus/gateway/gatewaytest/browser"
)

// One login, on the monolith, counts on both sides: in each stage a person logs in once,
// fills the cart, orders, and sees her own orders and nobody else's, with the shipped
// policies enforced and no second prompt. After the logout nobody is known any more.
func TestJourneyThatCrossesSides(t *testing.T) {
	for _, stage := range []string{"stage: legacy\n  weight: 0", "stage: canary\n  weight: 50", "stage: new\n  weight: 0"} {
		name, _, _ := strings.Cut(strings.TrimPrefix(stage, "stage: "), "\n")
		t.Run(name, func(t *testing.T) {
			b := browser.Open(t)
			_, d := startDemo(t)
			for _, file := range []string{"catalog.yaml", "cart.yaml", "orders.yaml", "accounts.yaml"} {
				moveAll(t, d, file, stage)
			}
			cross(b, d)
			metrics := fetch(t, d.Metrics)
			for _, route := range []string{"cart-read", "orders-history", "orders-page", "accounts-own"} {
				for side, not := range map[string]string{"legacy": "new", "new": "legacy"} {
					if strings.Contains(metrics, fmt.Sprintf(`route=%q,side=%q`, route, side)) && name == not {
						t.Errorf("at stage %s, %s answered for %s", name, side, route)
					}
				}
			}
			for line := range strings.Lines(metrics) {
				if strings.HasPrefix(line, `ficus_policy_decisions_total{cause="error"`) || strings.HasPrefix(line, `ficus_requests_total{code="5`) {
					t.Errorf("something failed on the way: %s", line)
				}
			}
		})
	}
}

var stageAndWeight = regexp.MustCompile(`stage: legacy[^\n]*\n  weight: 0[^\n]*`)

// moveAll sets the stage of a file's routes, and waits until it counts.
func moveAll(t *testing.T, d demoLine, file, stage string) {
	t.Helper()
	path := filepath.Join(d.Routes, file)
	before := fetch(t, d.Metrics)
	was := stageAndWeight.FindString(readFile(t, path))
	if was == stage {
		return
	}
	edit(t, path, was, stage+" ")
	gatewaytest.Await(t, "the edit of "+file, func() bool {
		return reloadsTotal.FindString(fetch(t, d.Metrics)) != reloadsTotal.FindString(before)
	})
}

// cross is the journey.
func cross(b *browser.Tab, d demoLine) {
	b.Run("a product into the cart", chromedp.Navigate(d.URL+"/products/3"), chromedp.Submit("form[action='/cart/items']"),
		chromedp.WaitVisible("form[action='/cart/items/3']"))
	b.Run("who is not logged in is sent to the login", chromedp.Navigate(d.URL+"/orders"), chromedp.WaitVisible("form[action='/login']"))
	b.Run("the one login", chromedp.Navigate(d.URL+"/login?next=/checkout"),
		chromedp.SendKeys("input[name=email]", "alice@example.com"),
		chromedp.SendKeys("input[name=password]", "alice-demo"),
		chromedp.Submit("form[action='/login']"),
		chromedp.WaitVisible("form[action='/checkout']"))
	b.Run("an order", chromedp.SetValue("input[name=street]", "Weg 1"), chromedp.SetValue("input[name=postcode]", "1"),
		chromedp.SetValue("input[name=city]", "C"), chromedp.SetValue("input[name=country]", "D"),
		chromedp.Submit("form[action='/checkout']"))
	b.Until("the order's page", `/\/orders\/\d+$/.test(location.pathname) && document.querySelector('main h1') !== null`)
	b.Run("her orders", chromedp.Navigate(d.URL+"/orders"), chromedp.WaitVisible("main h1"))
	b.Until("no second prompt", `document.querySelector("form[action='/login']") === null && document.querySelectorAll("main a[href^='/orders/']").length > 0`)
	for path, want := range map[string]string{
		"/api/account": `.then(r => r.json()).then(a => a.email === 'alice@example.com')`,
		"/api/orders":  `.then(r => r.json()).then(o => o.orders.length > 0)`,
		"/api/cart":    `.then(r => r.json()).then(c => c.items !== undefined)`,
		// An order of somebody else, and what only the staff may.
		"/api/orders/1":       `.then(r => r.status === 404)`,
		"/admin/export.csv":   `.then(r => r.status === 403)`,
		"/admin%2Fexport.csv": `.then(r => r.status !== 200)`,
	} {
		promise(b, path, `fetch('`+path+`')`+want)
	}
	b.Run("logout", chromedp.Navigate(d.URL+"/account"), chromedp.Submit("form[action='/logout']"), chromedp.WaitVisible("body"))
	promise(b, "nobody is known after it", `fetch('/api/orders').then(r => r.status === 401)`)
	promise(b, "nor to the account", `fetch('/api/account').then(r => r.status === 401)`)
}

// promise waits until a promise in the page's language holds.
func promise(b *browser.Tab, what, expression string) {
	b.Run(what+" (asked)", chromedp.Steps(chromedp.WaitReady("body")))
	set := `window.held = undefined; ` + expression + `.then(v => { window.held = v }); true`
	b.Until(what+" is asked about", set)
	b.Until(what, `window.held !== undefined`)
	b.Until(what+" holds", `window.held === true`)
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

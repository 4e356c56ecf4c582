package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"ficus/gateway/gatewaytest"
	"ficus/gateway/gatewaytest/browser"
)

// A person in a real browser searches, fills a cart, logs in and orders, while the
// catalog and the cart move from the monolith to the new services between the steps.
func TestShopInABrowser(t *testing.T) {
	tab := browser.Open(t)
	_, d := startDemo(t)
	move := func(file, from, to string) {
		t.Helper()
		before := fetch(t, d.Metrics)
		edit(t, filepath.Join(d.Routes, file), from, to)
		gatewaytest.Await(t, "the edit", func() bool {
			return reloadsTotal.FindString(fetch(t, d.Metrics)) != reloadsTotal.FindString(before)
		})
	}
	suggest := func() chromedp.Action[chromedp.Void] {
		return chromedp.Steps(
			chromedp.Navigate(d.URL+"/"),
			chromedp.SendKeys("#find", "tea"),
			chromedp.WaitVisible("#suggestions a"),
		)
	}
	tab.Run("suggestions from the monolith", suggest())
	move("catalog.yaml", "stage: legacy", "stage: new")
	tab.Run("suggestions from the catalog service", suggest())
	tab.Screenshot("search")

	tab.Run("a product into the cart", chromedp.Navigate(d.URL+"/products/3"), chromedp.Submit("form[action='/cart/items']"),
		chromedp.WaitVisible("form[action='/cart/items/3']"))
	move("cart.yaml", "stage: legacy", "stage: new")
	tab.Run("the home page", chromedp.Navigate(d.URL+"/"))
	tab.Until("the cart's badge from the cart service", `document.querySelector('[data-cart-count]')?.textContent.trim() === '1'`)
	tab.Run("login", chromedp.Navigate(d.URL+"/login?next=/checkout"),
		chromedp.SendKeys("input[name=email]", "alice@example.com"),
		chromedp.SendKeys("input[name=password]", "alice-demo"),
		chromedp.Submit("form[action='/login']"),
		chromedp.WaitVisible("form[action='/checkout']"))
	tab.Screenshot("checkout")
	tab.Run("order", chromedp.SetValue("input[name=street]", "Weg 1"), chromedp.SetValue("input[name=postcode]", "1"),
		chromedp.SetValue("input[name=city]", "C"), chromedp.SetValue("input[name=country]", "D"),
		chromedp.Submit("form[action='/checkout']"))
	tab.Until("the order's page, at the gateway", `location.href.startsWith('`+d.URL+`/orders/')`)
	tab.Run("what it shows", chromedp.WaitVisible("main h1"))
	tab.Screenshot("order")
	metrics := fetch(t, d.Metrics)
	for _, want := range []string{`route="catalog-list",side="legacy"`, `route="catalog-list",side="new"`, `route="cart-read",side="new"`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no request was counted under %s", want)
		}
	}
}

package e2e

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"ficus/gateway/gatewaytest"
)

// A person in a real browser searches, fills a cart, logs in and orders, while the
// catalog and the cart move from the monolith to the new services between the steps.
func TestShopInABrowser(t *testing.T) {
	chromium := gatewaytest.Need(t, "apt-get install chromium", "chromium", "chromium-browser", "google-chrome")
	_, d := startDemo(t)
	browser := newBrowser(t, chromium)
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
	browser.run("suggestions from the monolith", suggest())
	move("catalog.yaml", "stage: legacy", "stage: new")
	browser.run("suggestions from the catalog service", suggest())
	browser.screenshot("search")

	browser.run("a product into the cart", chromedp.Navigate(d.URL+"/products/3"), chromedp.Submit("form[action='/cart/items']"),
		chromedp.WaitVisible("form[action='/cart/items/3']"))
	move("cart.yaml", "stage: legacy", "stage: new")
	browser.run("the home page", chromedp.Navigate(d.URL+"/"))
	browser.until("the cart's badge from the cart service", `document.querySelector('[data-cart-count]')?.textContent.trim() === '1'`)
	browser.run("login", chromedp.Navigate(d.URL+"/login?next=/checkout"),
		chromedp.SendKeys("input[name=email]", "alice@example.com"),
		chromedp.SendKeys("input[name=password]", "alice-demo"),
		chromedp.Submit("form[action='/login']"),
		chromedp.WaitVisible("form[action='/checkout']"))
	browser.screenshot("checkout")
	browser.run("order", chromedp.SetValue("input[name=street]", "Weg 1"), chromedp.SetValue("input[name=postcode]", "1"),
		chromedp.SetValue("input[name=city]", "C"), chromedp.SetValue("input[name=country]", "D"),
		chromedp.Submit("form[action='/checkout']"))
	browser.until("the order's page, at the gateway", `location.href.startsWith('`+d.URL+`/orders/')`)
	browser.run("what it shows", chromedp.WaitVisible("main h1"))
	browser.screenshot("order")
	metrics := fetch(t, d.Metrics)
	for _, want := range []string{`route="catalog-list",side="legacy"`, `route="catalog-list",side="new"`, `route="cart-read",side="new"`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no request was counted under %s", want)
		}
	}
}

type browser struct {
	t   *testing.T
	ctx context.Context
}

func newBrowser(t *testing.T, path string) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1200, 900),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-quic", true), chromedp.UserDataDir(t.TempDir()))
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancelAllocator)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // starts it, for longer than any later step
		t.Fatal(err)
	}
	return &browser{t, ctx}
}

// run does the actions within half a minute, or fails with what was to be done.
func (b *browser) run(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		page, _ := chromedp.Run(b.ctx, chromedp.OuterHTML("body"))
		b.t.Fatalf("%s: %v\n%.3000s", what, err, page)
	}
}

// until waits until a condition in the page's own language holds. An error counts as
// no: on the way from one page to the next there is nobody to ask.
func (b *browser) until(what, condition string) {
	b.t.Helper()
	gatewaytest.Await(b.t, what, func() bool {
		holds, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](condition))
		return err == nil && holds
	})
}

// screenshot keeps a picture in the folder that FICUS_SCREENSHOTS names, if any.
func (b *browser) screenshot(name string) {
	b.t.Helper()
	dir := os.Getenv("FICUS_SCREENSHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err = errors.Join(err, os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644)); err != nil {
		b.t.Error(err)
	}
}

package e2e

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"ficus/gateway/gatewaytest"
	"ficus/gateway/gatewaytest/browser"
)

var consolePages = map[string]string{
	"overview": "/", "route": "/routes/cart", "backends": "/backends", "progress": "/progress", "legacy": "/legacy", "changes": "/changes",
	"problems": "/problems", "explain": "/explain?method=GET&url=/cart", "kill": "/kill?route=cart", "propose": "/propose?path=/wp/%7Bn%7D/edit&method=GET",
}

// startWatched boots a gateway with some traffic, and a browser that notes what it
// complains about and what it asks others for.
func startWatched(t *testing.T) (*gatewaytest.Gateway, string, *browser.Tab, *complaints) {
	b := browser.Open(t)
	legacy, cart := named(t, "legacy", nil), named(t, "new", nil)
	g := gatewaytest.Start(t, map[string]string{"legacy.yaml": legacyFile(legacy), "cart.yaml": cartFile(cart, "new", 0)})
	for range 20 {
		g.Get("/cart")
		g.Get("/wp/17/edit")
	}
	c := &complaints{console: g.Console}
	if err := chromedp.Listen(b.Context, c.note); err != nil {
		t.Fatal(err)
	}
	return g, cart, b, c
}

type complaints struct {
	console string
	mu      sync.Mutex
	list    []string
}

func (c *complaints) note(event any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		c.list = append(c.list, "exception: "+e.ExceptionDetails.Text)
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == "error" || e.Entry.Level == "warning" {
			c.list = append(c.list, "log: "+e.Entry.Text+" "+e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; !strings.HasPrefix(u, c.console+"/") && u != "about:blank" {
			c.list = append(c.list, "request: "+u)
		}
	}
}

func (c *complaints) check(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.list) > 0 {
		t.Errorf("the browser complains: %s", strings.Join(c.list, "\n"))
	}
}

func emulate(scheme string, script bool) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !script})
		return err
	})
}

// A person looks at the console: it is live, an edit shows without a reload, a route is
// killed after a question and given free again, and nothing comes from elsewhere.
func TestConsoleInABrowser(t *testing.T) {
	g, cart, b, complaints := startWatched(t)
	b.Run("the overview", chromedp.Navigate(g.Console+"/"), chromedp.WaitVisible("#r-cart"))
	b.Until("it is live", `document.getElementById('live').textContent === 'live'`)
	b.Run("something to notice", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := chromedp.Evaluate[bool](`window.stayed = true`)(ctx, t)
		return err
	}))
	g.WriteAndAwait("cart.yaml", cartFile(cart, "canary", 25))
	b.Until("the edit shows", `document.querySelector('tr:has(#r-cart)').textContent.includes('25 %') && document.querySelector('#recent').textContent.includes('canary 25 %') && window.stayed`)
	for range 20 {
		g.Get("/cart")
	}
	b.Until("traffic shows", `document.querySelector('tr:has(#r-cart) .spark path') !== null && window.stayed`)

	b.Run("to the route", chromedp.Click("#r-cart"), chromedp.WaitVisible("#chart-rate svg"))
	b.Run("the question", chromedp.Click(".head .danger"), chromedp.WaitVisible("form.confirm"))
	b.Run("yes", chromedp.SendKeys("form.confirm input[name=reason]", "wrong totals"), chromedp.Click("form.confirm button"), chromedp.WaitVisible(".head .chip.error"))
	b.Until("the strip says why", `document.querySelector('.killed').textContent.includes('wrong totals')`)
	if _, body := g.Get("/cart"); body != "legacy" {
		t.Errorf("killed, and answered by %s", body)
	}
	b.Run("and back", chromedp.Click(".killed .button"), chromedp.WaitVisible("form.confirm"), chromedp.Click("form.confirm button"), chromedp.WaitVisible(".head .danger"))
	if code, kills := g.AdminGet("/ficus/kills"); code != 200 || !strings.Contains(kills, `"kills":[]`) {
		t.Errorf("left: %s", kills)
	}
	for _, scheme := range []string{"light", "dark"} {
		for name, page := range consolePages {
			b.Run(name, emulate(scheme, true), chromedp.Navigate(g.Console+page), chromedp.WaitVisible("main"))
			b.Screenshot("console-" + name + "-" + scheme)
		}
	}
	complaints.check(t)
}

// Without JavaScript all of it can be read, and a route killed.
func TestConsoleWithoutJavaScript(t *testing.T) {
	g, _, b, complaints := startWatched(t)
	for name, page := range consolePages {
		b.Run(name, emulate("light", false), chromedp.Navigate(g.Console+page), chromedp.WaitVisible("h1, #routes"))
	}
	b.Run("kill", chromedp.Navigate(g.Console+"/kill?route=cart"), chromedp.SendKeys("form.confirm input[name=reason]", "why"), chromedp.Click("form.confirm button"), chromedp.WaitVisible(".killed"))
	if _, body := g.Get("/cart"); body != "legacy" {
		t.Errorf("killed, and answered by %s", body)
	}
	complaints.check(t)
}

// A page that is kept current does not hold a reload up, and the console survives it.
func TestReloadWithAConsoleOpen(t *testing.T) {
	legacy := named(t, "legacy", nil)
	g := gatewaytest.Start(t, map[string]string{"legacy.yaml": legacyFile(legacy)})
	transport := &http.Transport{} // of its own: the connection of a long answer closes after it
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Get(g.Console + "/live")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for b := make([]byte, 1<<10); ; {
			if _, err := response.Body.Read(b); err != nil {
				return
			}
		}
	}()
	begun := time.Now()
	g.Reload()
	<-ended
	if took := time.Since(begun); took >= 5*time.Second {
		t.Errorf("the stream ended after %v: it was cut at the end of the grace period", took)
	}
	if again, err := http.PostForm(g.Console+"/kill", url.Values{"route": {"*"}, "reason": {"why"}}); err != nil || again.StatusCode != 200 {
		t.Errorf("%v, %v", again, err)
	} else {
		again.Body.Close()
	}
	if out, err := verb(t, g, "status"); err != nil || !strings.Contains(out, "all routes") || !strings.Contains(out, "ready: the route folder is served as it is") {
		t.Errorf("ficus status: %v\n%s", err, out)
	}
	if out, err := verb(t, g, "top"); err != nil || !strings.Contains(out, "ROUTE") {
		t.Errorf("ficus top: %v\n%s", err, out)
	}
}

// What copies came to, who holds a breaker and which address is down can be seen, and come
// and go without a reload.
func TestConsoleShowsShadowAndBackends(t *testing.T) {
	g, cart, b, complaints := startWatched(t)
	b.Run("the route", chromedp.Navigate(g.Console+"/routes/cart"), chromedp.WaitVisible("main h1"))
	b.Until("it is live", `document.getElementById('live').textContent === 'live'`)
	g.WriteAndAwait("cart.yaml", cartFile(cart, "shadow", 0))
	for range 20 {
		g.Get("/cart")
	}
	b.Until("the copies show", `document.querySelector('#shadow').textContent.includes('Copies that were sent: 20') && document.querySelector('#shadow').textContent.includes('0 % of 20 compared')`)
	b.Until("and where they differ", `document.querySelector('#shadow table').textContent.includes('body')`)
	b.Screenshot("console-shadow-light")
	b.Run("the backends", chromedp.Navigate(g.Console+"/backends"), chromedp.WaitVisible("#backends"))
	b.Until("it is live", `document.getElementById('live').textContent === 'live'`)
	answer, err := http.Post(g.Admin+"/ficus/backends/cart/breaker", "application/json", strings.NewReader(`{"set":"open","reason":"it burns","by":"bob"}`))
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer, err)
	}
	answer.Body.Close()
	b.Until("the word shows", `/held open by bob, .*: it burns/.test(document.querySelector('#backends').textContent)`)
	b.Run("the overview", chromedp.Navigate(g.Console+"/"), chromedp.WaitVisible("#r-cart"))
	b.Until("the share that is alike", `document.querySelector('tr:has(#r-cart)').textContent.includes('0 % alike') && document.querySelector('#summary').textContent.includes('Shadowed and alike')`)
	b.Until("the changes", `document.querySelector('#recent').textContent.includes('an operator holds it open: it burns')`)
	g.Write("broken.yaml", "routes: nonsense")
	b.Until("what is wrong", `document.querySelector('#wrong').textContent.includes('broken.yaml:1')`)
	complaints.check(t)
}

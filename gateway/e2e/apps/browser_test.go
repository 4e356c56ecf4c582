package apps

import (
	"context"
	"regexp"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"ficus/gateway/gatewaytest"
)

// In a real browser a person logs in on each application that has a login, changes
// something and sees it, through a gateway at which a part of the application has moved.
func TestLoginsInABrowser(t *testing.T) {
	chromium := gatewaytest.Need(t, "apt-get install chromium", "chromium", "chromium-browser", "google-chrome")
	for _, login := range []struct {
		app application
		do  func(b *browser, url string)
	}{
		{django, loginDjango}, {dokuwiki, loginDokuWiki}, {nodeRED, loginNodeRED},
	} {
		t.Run(login.app.name, func(t *testing.T) {
			g := gatewaytest.Start(t, login.app.routes(login.app.start(t, login.app.prepare(t))))
			login.do(newBrowser(t, chromium), g.URL)
			for _, side := range []string{"new", "legacy"} {
				if served(g, side) == 0 {
					t.Errorf("%s has served nothing", side)
				}
			}
			if failed := regexp.MustCompile(`(?m)^ficus_requests_total\{.*code="5.*$`).FindString(g.Metrics()); failed != "" {
				t.Errorf("something failed on the way: %s", failed)
			}
		})
	}
}

func loginDjango(b *browser, url string) {
	b.run("the login that comes first", chromedp.Navigate(url+"/admin/auth/group/add/"),
		chromedp.SendKeys("input[name=username]", "alice"), chromedp.SendKeys("input[name=password]", "alice-demo"),
		chromedp.Submit("#login-form"), chromedp.WaitVisible("#group_form"))
	b.until("styles from the new side", `getComputedStyle(document.querySelector('#header')).backgroundColor !== 'rgba(0, 0, 0, 0)'`)
	b.run("a group", chromedp.SendKeys("#id_name", "Bakers"), chromedp.Click("input[name=_save]"), chromedp.WaitVisible("li.success"))
	b.until("the group in the list", `document.querySelector('#result_list').textContent.includes('Bakers')`)
	b.run("logout", chromedp.Navigate(url+"/admin/logout/"), chromedp.Navigate(url+"/admin/"), chromedp.WaitVisible("#login-form"))
}

func loginDokuWiki(b *browser, url string) {
	b.run("login", chromedp.Navigate(url+"/doku.php?id=start&do=login"),
		chromedp.SendKeys("input[name=u]", "alice"), chromedp.SendKeys("input[name=p]", "alice-demo"),
		chromedp.Submit("#dw__login"), chromedp.WaitVisible("li.user"))
	b.run("a page", chromedp.Navigate(url+"/doku.php?id=tea&do=edit"), chromedp.WaitVisible("#wiki__text"),
		chromedp.SendKeys("#wiki__text", "Oolong is **tea**"), chromedp.Click("#edbtn__save"), chromedp.WaitVisible(".page strong"))
	b.until("what was written", `document.querySelector('.page').textContent.includes('Oolong is tea')`)
	b.until("scripts from the new side", `typeof dw_page === 'object'`)
}

func loginNodeRED(b *browser, url string) {
	b.run("login", chromedp.Navigate(url+"/"), chromedp.WaitVisible("#node-dialog-login-username"),
		chromedp.SendKeys("#node-dialog-login-username", "alice"), chromedp.SendKeys("#node-dialog-login-password", "alice-demo"),
		chromedp.Click("#node-dialog-login-submit"), chromedp.WaitVisible("#red-ui-header-button-deploy"))
	b.until("the flows", `RED.nodes.workspace('tab1') !== undefined`)
	b.until("it to be asked for", `(RED.comms.subscribe('notification/runtime-deploy', () => { window.heard = true }), true)`)
	b.until("a node to move", `(n => { n.x += 10; n.dirty = n.changed = true; RED.nodes.dirty(true); RED.view.redraw(); return true })(RED.nodes.node('f1'))`)
	b.run("deploy", chromedp.Click("#red-ui-header-button-deploy"))
	b.until("word of the deploy by the websocket", `window.heard === true && !RED.nodes.dirty()`)
}

// browser is a tab of one.
type browser struct {
	t   *testing.T
	ctx context.Context
}

func newBrowser(t *testing.T, path string) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1200, 900),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.UserDataDir(t.TempDir()))
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

// until waits until a condition in the page's own language holds. An error counts as no:
// on the way from one page to the next there is nobody to ask.
func (b *browser) until(what, condition string) {
	b.t.Helper()
	gatewaytest.Await(b.t, what, func() bool {
		holds, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](condition))
		return err == nil && holds
	})
}

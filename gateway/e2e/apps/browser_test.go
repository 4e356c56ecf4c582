package apps

import (
	"regexp"
	"testing"

	"github.com/chromedp/chromedp"

	"ficus/gateway/gatewaytest"
	"ficus/gateway/gatewaytest/browser"
)

// In a real browser a person logs in on each application that has a login, changes
// something and sees it, through a gateway at which a part of the application has moved.
func TestLoginsInABrowser(t *testing.T) {
	for _, login := range []struct {
		app application
		do  func(b *browser.Tab, url string)
	}{
		{django, loginDjango}, {dokuwiki, loginDokuWiki}, {nodeRED, loginNodeRED},
	} {
		t.Run(login.app.name, func(t *testing.T) {
			b := browser.Open(t)
			g := gatewaytest.Start(t, login.app.routes(login.app.start(t, login.app.prepare(t))))
			login.do(b, g.URL)
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

func loginDjango(b *browser.Tab, url string) {
	b.Run("the login that comes first", chromedp.Navigate(url+"/admin/auth/group/add/"),
		chromedp.SendKeys("input[name=username]", "alice"), chromedp.SendKeys("input[name=password]", "alice-demo"),
		chromedp.Submit("#login-form"), chromedp.WaitVisible("#group_form"))
	b.Until("styles from the new side", `getComputedStyle(document.querySelector('#header')).backgroundColor !== 'rgba(0, 0, 0, 0)'`)
	b.Run("a group", chromedp.SendKeys("#id_name", "Bakers"), chromedp.Click("input[name=_save]"), chromedp.WaitVisible("li.success"))
	b.Until("the group in the list", `document.querySelector('#result_list').textContent.includes('Bakers')`)
	b.Run("logout", chromedp.Navigate(url+"/admin/logout/"), chromedp.Navigate(url+"/admin/"), chromedp.WaitVisible("#login-form"))
}

func loginDokuWiki(b *browser.Tab, url string) {
	b.Run("login", chromedp.Navigate(url+"/doku.php?id=start&do=login"),
		chromedp.SendKeys("input[name=u]", "alice"), chromedp.SendKeys("input[name=p]", "alice-demo"),
		chromedp.Submit("#dw__login"), chromedp.WaitVisible("li.user"))
	b.Run("a page", chromedp.Navigate(url+"/doku.php?id=tea&do=edit"), chromedp.WaitVisible("#wiki__text"),
		chromedp.SendKeys("#wiki__text", "Oolong is **tea**"), chromedp.Click("#edbtn__save"), chromedp.WaitVisible(".page strong"))
	b.Until("what was written", `document.querySelector('.page').textContent.includes('Oolong is tea')`)
	b.Until("scripts from the new side", `typeof dw_page === 'object'`)
}

func loginNodeRED(b *browser.Tab, url string) {
	b.Run("login", chromedp.Navigate(url+"/"), chromedp.WaitVisible("#node-dialog-login-username"),
		chromedp.SendKeys("#node-dialog-login-username", "alice"), chromedp.SendKeys("#node-dialog-login-password", "alice-demo"),
		chromedp.Click("#node-dialog-login-submit"), chromedp.WaitVisible("#red-ui-header-button-deploy"))
	b.Until("the flows", `RED.nodes.workspace('tab1') !== undefined`)
	b.Until("it to be asked for", `(RED.comms.subscribe('notification/runtime-deploy', () => { window.heard = true }), true)`)
	b.Until("a node to move", `(n => { n.x += 10; n.dirty = n.changed = true; RED.nodes.dirty(true); RED.view.redraw(); return true })(RED.nodes.node('f1'))`)
	b.Run("deploy", chromedp.Click("#red-ui-header-button-deploy"))
	b.Until("word of the deploy by the websocket", `window.heard === true && !RED.nodes.dirty()`)
}

package shop

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// chromium starts a browser for the test, or skips it.
func chromium(t *testing.T) context.Context {
	t.Helper()
	found := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			found = path
			break
		}
	}
	if found == "" {
		const how = "there is no Chromium here: apt-get install chromium"
		if os.Getenv("FICUS_TEST_ALL") == "1" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(found), chromedp.WindowSize(1280, 900), chromedp.UserDataDir(t.TempDir()))
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox) // Chromium's sandbox refuses root
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

// The script on the pages: suggestions while one types, the cart's badge, the live stock, the support chat.
func TestScriptInABrowser(t *testing.T) {
	ctx := chromium(t)
	s := open(t)
	do := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		for _, a := range actions {
			if _, err := chromedp.Run(ctx, a); err != nil {
				t.Fatal(err)
			}
		}
	}
	text := func(selector, want string) {
		t.Helper()
		got, err := chromedp.Run(ctx, chromedp.Text(selector))
		if err != nil || !strings.Contains(got, want) {
			t.Errorf("%s says %q, %v; want %q", selector, got, err, want)
		}
	}
	do(chromedp.Navigate(s.url+"/products/46"), chromedp.SendKeys("#find", "enamel ket"), chromedp.WaitVisible("#suggestion-2"))
	text("#suggestions", "Poppy Enamel Kettle")
	do(chromedp.Click(".buy .button"), chromedp.WaitVisible(".flash.success"), chromedp.WaitVisible("[data-cart-count]"))
	text("[data-cart-count]", "1")

	do(chromedp.Navigate(s.url+"/products/46"), chromedp.WaitVisible(".badge.in[data-stock-badge]"))
	if err := s.db.SetStock(t.Context(), 46, 3); err != nil {
		t.Fatal(err)
	}
	do(chromedp.WaitVisible(".badge.few[data-stock-badge]"))
	text("[data-stock-badge]", "Only 3 left")

	do(chromedp.Click("[data-support-open]"), chromedp.WaitVisible("[data-support-log] li"), chromedp.SendKeys("#chat-text", "Where is my order?\r"),
		chromedp.WaitVisible("[data-support-log] li:nth-child(3)"))
	text("[data-support-log] li:nth-child(3)", "log in first")
}

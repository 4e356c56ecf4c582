// Package browser has tests look at pages as people do, in a real one.
package browser

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"ficus/gateway/gatewaytest"
)

// A Tab is one of a browser that runs until the test ends.
type Tab struct {
	Context context.Context // by which chromedp knows it
	t       testing.TB
}

// Open starts a browser of its own for the test. Where none is installed the test is
// skipped; see [gatewaytest.Need].
func Open(t testing.TB) *Tab {
	t.Helper()
	path := gatewaytest.Need(t, "apt-get install chromium", "chromium", "chromium-browser", "google-chrome")
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
	return &Tab{Context: ctx, t: t}
}

// Run does the actions within half a minute, or fails with what was to be done.
func (b *Tab) Run(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.Context, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		page, _ := chromedp.Run(b.Context, chromedp.OuterHTML("body"))
		b.t.Fatalf("%s: %v\n%.3000s", what, err, page)
	}
}

// Until waits until a condition in the page's own language holds. An error counts as no:
// on the way from one page to the next there is nobody to ask.
func (b *Tab) Until(what, condition string) {
	b.t.Helper()
	gatewaytest.Await(b.t, what, func() bool {
		holds, err := chromedp.Run(b.Context, chromedp.Evaluate[bool](condition))
		return err == nil && holds
	})
}

// Screenshot keeps a picture in the folder that FICUS_SCREENSHOTS names, if any.
func (b *Tab) Screenshot(name string) {
	b.t.Helper()
	dir := os.Getenv("FICUS_SCREENSHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(b.Context, chromedp.FullScreenshot(100))
	if err = errors.Join(err, os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644)); err != nil { //nolint:gosec // who runs the test names the folder
		b.t.Error(err)
	}
}

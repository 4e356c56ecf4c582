package top

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ficus/gateway/overview"
)

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		keys, asked := make(chan byte), 0
		get := func(context.Context) (*overview.Overview, error) {
			if asked++; asked == 2 {
				return nil, errors.New("nobody there")
			}
			o := &overview.Overview{Top: []overview.Route{{ID: "cart"}, {ID: strings.Repeat("x", 200)}}}
			o.Readiness.Status = "ready"
			return o, nil
		}
		done := make(chan error)
		screen := Screen{Out: &out, Keys: keys, Size: func() (int, int) { return 20, 60 }}
		go func() { done <- Run(t.Context(), screen, 2*time.Second, get) }()
		time.Sleep(5 * time.Second)
		keys <- 'x'
		keys <- 'q'
		if err := <-done; err != nil || asked != 3 {
			t.Errorf("%v, asked %d times", err, asked)
		}
		text := out.String()
		if !strings.HasPrefix(text, enter) || !strings.HasSuffix(text, leave) || strings.Count(text, "cart") != 2 || !strings.Contains(text, "nobody there") {
			t.Errorf("%q", text)
		}
		for line := range strings.Lines(text) {
			if len(strings.TrimPrefix(line, enter+home)) > 80 {
				t.Errorf("too long: %q", line)
			}
		}
	})
}

func TestEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		screen := Screen{Out: &bytes.Buffer{}, Size: func() (int, int) { return 0, 0 }}
		go func() {
			done <- Run(ctx, screen, time.Second, func(context.Context) (*overview.Overview, error) { return &overview.Overview{}, nil })
		}()
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

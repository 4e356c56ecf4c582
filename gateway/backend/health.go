package backend

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"ficus/gateway/route"
)

// HealthState is what an address has said of itself.
type HealthState int32

// The states of health.
const (
	Unknown HealthState = iota // it was not asked yet
	Up
	Down
)

// check asks one address how it is, for as long as any table has both.
type check struct {
	address *address
	config  route.Health
	random  func(n int) int
	heard   func(passed bool)                      // each answer
	changed func(from, to HealthState, why string) // what follows from several

	state atomic.Int32
	stop  context.CancelFunc
}

func (c *check) health() HealthState { return HealthState(c.state.Load()) }

// start asks at once, and then again and again until stop is called.
func (c *check) start() {
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	go c.run(ctx)
}

func (c *check) run(ctx context.Context) {
	row := 0 // of answers that speak against the state
	for {
		why := c.ask(ctx)
		if ctx.Err() != nil {
			return
		}
		c.heard(why == "")
		row = c.weigh(row, why)
		timer := time.NewTimer(c.pause())
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// weigh moves the state, after the number of answers in a row that it takes, or after the
// first one. It returns how many there are now.
func (c *check) weigh(row int, why string) int {
	was, is, enough := c.health(), Up, c.config.Passes
	if why != "" {
		is, enough = Down, c.config.Failures
	}
	if was == is {
		return 0
	}
	if row++; row < enough && was != Unknown {
		return row
	}
	c.state.Store(int32(is))
	c.changed(was, is, why)
	return 0
}

// pause is the time between two questions, up to a tenth more or less, so that many
// addresses are not asked all at once.
func (c *check) pause() time.Duration {
	const parts = 1000
	return c.config.Every * time.Duration(9*parts+2*c.random(parts)) / (10 * parts)
}

// ask returns why the address can't serve, "" if it can.
func (c *check) ask(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+c.config.Path, nil)
	if err != nil {
		return err.Error()
	}
	r.URL.Scheme, r.URL.Host = c.address.scheme, c.address.host
	if !strings.HasPrefix(c.address.host, "/") { // a Unix socket has no name, and is asked as localhost
		r.Host = c.address.host
	}
	r.Header.Set("User-Agent", "ficus-health")
	response, err := c.address.leaf.RoundTrip(r)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, 64<<10) // so that the connection can be used again
	ok := 200 <= response.StatusCode && response.StatusCode <= 299
	if c.config.Status != 0 {
		ok = response.StatusCode == c.config.Status
	}
	if !ok {
		return fmt.Sprintf("it answers %d", response.StatusCode)
	}
	return ""
}

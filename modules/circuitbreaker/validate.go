package circuitbreaker

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/caddyserver/caddy/v2"
)

// Validate checks the settings' ranges.
func (t *Transport) Validate() error {
	retry := t.Retry
	if retry == nil {
		retry = &Retry{}
	}
	return errors.Join(
		within("window", t.Window, time.Second, 10*time.Minute),
		between("min_requests", t.MinRequests, 1, 1_000_000),
		share("failure_ratio", t.FailureRatio, 1),
		within("open_for", t.OpenFor, 100*time.Millisecond, time.Hour),
		within("slow", t.Slow, time.Millisecond, 24*time.Hour),
		within("ramp", t.Ramp, time.Millisecond, time.Hour),
		between("retry attempts", retry.Attempts, 1, 3),
		within("retry wait", retry.Wait, time.Millisecond, 10*time.Second),
		within("retry max_wait", retry.MaxWait, time.Millisecond, time.Minute),
		share("retry budget", retry.Budget, 0.2),
	)
}

func within(key string, given caddy.Duration, low, high time.Duration) error {
	return between(key, time.Duration(given), low, high)
}

// between checks a value that is given: the zero value is none.
func between[T cmp.Ordered](key string, given, low, high T) error {
	var none T
	if given == none || low <= given && given <= high {
		return nil
	}
	return fmt.Errorf("circuit_breaker: %s %v is not between %v and %v", key, given, low, high)
}

// share checks a part that is above 0.
func share(key string, given, high float64) error {
	if given == 0 || given > 0 && given <= high {
		return nil
	}
	return fmt.Errorf("circuit_breaker: %s %v is not above 0 and up to %v", key, given, high)
}

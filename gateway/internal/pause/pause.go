// Package pause waits for a while, but not for a client that has gone.
package pause

import (
	"context"
	"time"
)

// For returns nil after d, or, as soon as the context ends, why it did.
func For(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

package resilience

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"ficus/gateway/route"
)

// Of go-retryablehttp, this room takes which errors are worth another try, and how waits
// grow and a Retry-After is read. Its client and RoundTripper it can't use: they read whole
// bodies, follow redirects, send a POST again and know neither budget nor fallback
// (ADR 0010).

// WorthRetrying reports whether another try might end otherwise than by this error: an
// untrusted certificate or an invalid header stays what it is.
func WorthRetrying(err error) bool {
	// The policy looks into what http.Client returns.
	again, _ := retryablehttp.ErrorPropagatedRetryPolicy(context.Background(), nil, &url.Error{Op: "try", Err: err})
	return again
}

// Backoff returns how long to wait until the next try; tried counts from 1. random is from
// 0 to below 1. ok is false where the backend asks for more than there may be.
func Backoff(retry *route.Retry, tried int, answer *http.Response, random float64) (wait time.Duration, ok bool) {
	wait = retryablehttp.DefaultBackoff(retry.Wait, retry.MaxWait, tried-1, nil)
	wait -= time.Duration(random * float64(wait) / 2)
	if answer == nil {
		return wait, true
	}
	// DefaultBackoff does not expect more seconds than a time can hold.
	seconds, err := strconv.ParseInt(answer.Header.Get("Retry-After"), 10, 64)
	if errors.Is(err, strconv.ErrRange) || err == nil && seconds > int64(retry.MaxWait/time.Second) {
		return 0, false
	}
	asked := retryablehttp.DefaultBackoff(0, 0, 0, answer)
	return max(wait, asked), asked <= retry.MaxWait
}

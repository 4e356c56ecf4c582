package bearer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// A fetcher gets a key set from its URL, with a few retries within the timeout.
type fetcher struct {
	url     string
	timeout time.Duration
	client  *retryablehttp.Client
}

func newFetcher(config *Config) *fetcher {
	client := retryablehttp.NewClient()
	client.HTTPClient = &http.Client{
		Transport: only{config.Transport},
		// Trust is in the configured URL, not in where it may be sent on to.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	client.Logger = nil
	client.RetryMax = 2
	client.RetryWaitMin, client.RetryWaitMax = 200*time.Millisecond, 2*time.Second
	client.ErrorHandler = retryablehttp.PassthroughErrorHandler
	return &fetcher{url: config.KeysURL, timeout: config.Timeout, client: client}
}

// only hides all of a transport but RoundTrip: the client would close the idle connections
// of others (go-retryablehttp#237).
type only struct{ transport http.RoundTripper }

func (o only) RoundTrip(r *http.Request) (*http.Response, error) { return o.transport.RoundTrip(r) }

// fetch returns the body of a good answer. The timeout counts for its last byte too.
func (f *fetcher) fetch(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	r, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, f.url, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/jwk-set+json, application/json")
	answer, err := f.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		if to := answer.Header.Get("Location"); to != "" {
			return nil, fmt.Errorf("%s answers %d and sends on to %.200q, which is not followed", f.url, answer.StatusCode, to)
		}
		return nil, fmt.Errorf("%s answers %d", f.url, answer.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxKeysBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the answer of %s: %w", f.url, err)
	case len(text) == 0:
		return nil, errors.New("the answer of " + f.url + " is empty")
	case len(text) > maxKeysBytes:
		return nil, fmt.Errorf("the answer of %s has more than %d bytes", f.url, maxKeysBytes)
	}
	return text, nil
}

package grafana

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Config says where Grafana is.
type Config struct {
	// URL is that of Grafana itself, as https://grafana.example.com or with a path below
	// which it is served. Without user, query or fragment.
	URL string

	// Token returns the token of a service account that may create annotations; "" for
	// none. It is asked at each post, so a new one needs no restart, and it is never logged.
	Token func() string

	// Tags are added to each annotation.
	Tags []string

	// Transport is http.DefaultTransport's kind where it is nil.
	Transport http.RoundTripper
}

// A Target is a Grafana that gets annotations. It may be used concurrently.
type Target struct {
	url    string
	token  func() string
	tags   []string
	client *retryablehttp.Client
}

// How a post is tried again: five times in about eight seconds, and no longer than that
// whatever a Retry-After asks for.
const (
	tries          = 5
	waitMin        = 500 * time.Millisecond
	waitMax        = 4 * time.Second
	oneTry         = 5 * time.Second
	maxAnswer      = 64 << 10 // bytes that are read so that a connection can be used again
	annotationPath = "/api/annotations"
)

// NewTarget checks the configuration.
func NewTarget(c Config) (*Target, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return nil, errors.New("the URL of Grafana can't be read") // the error would hold it, and it perhaps a secret
	case u.User != nil:
		return nil, errors.New("the URL of Grafana must not hold a user: give a token")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%q is no URL of Grafana such as https://grafana.example.com", c.URL)
	}
	client := retryablehttp.NewClient()
	client.Logger = nil
	client.HTTPClient.Timeout = oneTry
	if c.Transport != nil {
		client.HTTPClient.Transport = c.Transport
	}
	client.HTTPClient.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client.RetryMax, client.RetryWaitMin, client.RetryWaitMax = tries-1, waitMin, waitMax
	client.ErrorHandler = retryablehttp.PassthroughErrorHandler
	client.Backoff = func(least, most time.Duration, attempt int, answer *http.Response) time.Duration {
		asked := retryablehttp.DefaultBackoff(least, most, attempt, answer)
		return min(max(asked, least), most)
	}
	return &Target{url: strings.TrimRight(c.URL, "/") + annotationPath, token: c.Token, tags: c.Tags, client: client}, nil
}

// Close closes connections that are idle.
func (t *Target) Close() { t.client.HTTPClient.CloseIdleConnections() }

// Post creates an annotation of the organization, which boards find by its tags. It tries
// again where that may help, until the context ends.
func (t *Target) Post(ctx context.Context, a Annotation) error {
	a.Tags = append(a.Tags, t.tags...)
	body, err := json.Marshal(a)
	if err != nil {
		return err
	}
	r, err := retryablehttp.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "ficus")
	if t.token != nil {
		if token := t.token(); token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
	}
	answer, err := t.client.Do(r)
	if err != nil {
		return withoutToken(err)
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, maxAnswer)
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", t.url, hint(answer))
	}
	return nil
}

// withoutToken replaces an error that quotes a header: a token with a line break in it.
func withoutToken(err error) error {
	if strings.Contains(err.Error(), "header field") {
		return errors.New("the token of Grafana holds what no header may")
	}
	return err
}

// hint says what is probably wrong.
func hint(answer *http.Response) string {
	text := map[int]string{
		http.StatusUnauthorized: ": it does not know the token", http.StatusForbidden: ": the token may not create annotations",
		http.StatusNotFound: ": is this Grafana's URL?",
	}[answer.StatusCode]
	if answer.StatusCode/100 == 3 {
		text = " and sends on to elsewhere, which is not followed"
	}
	return fmt.Sprint(answer.StatusCode) + cmp.Or(text, "")
}

package backend

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// answering is a transport with one answer.
type answering struct{ answer *http.Response }

func (answering) Close() error                                      { return nil }
func (a answering) RoundTrip(*http.Request) (*http.Response, error) { return a.answer, nil }

// closing notes that it was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

func TestAnswersThatAreNone(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		header http.Header
		valid  bool
	}{
		"fine":                  {200, http.Header{"X-A": {"a\tb é \xff"}, "Set-Cookie": {"", "a=b"}}, true},
		"the highest status":    {999, nil, true},
		"no status":             {0, nil, false},
		"a negative status":     {-200, nil, false},
		"too high a status":     {1000, nil, false},
		"a NUL":                 {200, http.Header{"X": {"a", "a\x00b"}}, false},
		"a bare CR":             {200, http.Header{"X": {"a\rb"}}, false},
		"a bare LF":             {200, http.Header{"X": {"a\nb"}}, false},
		"a control byte":        {200, http.Header{"X": {"a\x7fb"}}, false},
		"a blank in a name":     {200, http.Header{"Content-Length ": {"1"}}, false},
		"a name without a byte": {200, http.Header{"": {"1"}}, false},
		"a name beyond ASCII":   {200, http.Header{"Ä": {"1"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			body := &closing{Reader: strings.NewReader("hi")}
			b := held(t, definition("cart", "http://a:1"), answering{&http.Response{StatusCode: tc.status, Header: tc.header, Body: body}})
			r, err := http.NewRequestWithContext(t.Context(), "GET", "http://a:1/", nil)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := b.RoundTrip(r)
			if tc.valid != (err == nil) || !tc.valid && !errors.Is(err, errInvalid) {
				t.Errorf("got %v", err)
			}
			if err != nil && !body.closed {
				t.Error("its body is open")
			}
			if err == nil {
				answer.Body.Close()
			}
			if n := b.ledger.inFlight.Load(); n != 0 {
				t.Errorf("%d are under way", n)
			}
		})
	}
}

package resilience

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"ficus/gateway/route"
)

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		retry := route.Retry{Wait: 100 * time.Millisecond, MaxWait: 2 * time.Second}
		for _, tt := range []struct {
			name   string
			tried  int
			asked  string // Retry-After; "-" for an error in the place of an answer
			random float64
			want   time.Duration
			ok     bool
		}{
			{"first", 1, "-", 0, 100 * time.Millisecond, true},
			{"jitter", 1, "-", .5, 75 * time.Millisecond, true},
			{"more jitter", 1, "", .75, 62500 * time.Microsecond, true},
			{"second", 2, "", 0, 200 * time.Millisecond, true},
			{"far", 30, "", 0, 2 * time.Second, true},
			{"asked for a second", 1, "1", 0, time.Second, true},
			{"asked for less", 1, "0", 0, 100 * time.Millisecond, true},
			{"asked for the most", 1, "2", .5, 2 * time.Second, true},
			{"asked for too much", 1, "3", 0, 0, false},
			{"asked for a date", 1, time.Now().Add(time.Second).UTC().Format(http.TimeFormat), 0, time.Second, true},
			{"asked for a date in the past", 1, time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat), 0, 100 * time.Millisecond, true},
			{"asked for next year", 1, time.Now().Add(366 * 24 * time.Hour).UTC().Format(http.TimeFormat), 0, 0, false},
			{"more than a time holds", 1, "18446744074", 0, 0, false},
			{"more than a number holds", 1, "99999999999999999999999", 0, 0, false},
			{"negative", 1, "-5", 0, 100 * time.Millisecond, true},
			{"nonsense", 1, "soon", 0, 100 * time.Millisecond, true},
		} {
			var answer *http.Response
			if tt.asked != "-" {
				answer = &http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {tt.asked}}}
			}
			wait, ok := Backoff(&retry, tt.tried, answer, tt.random)
			if ok != tt.ok || ok && (wait < tt.want-time.Microsecond || wait > tt.want) {
				t.Errorf("%s: %v, %v; want %v, %v", tt.name, wait, ok, tt.want, tt.ok)
			}
		}
	})
}

func TestWhatIsWorthATry(t *testing.T) {
	if !WorthRetrying(errors.New("connection refused")) {
		t.Error("a refused connection is not tried again")
	}
	for _, text := range []string{"tls: failed to verify certificate: x509: certificate is not trusted", "net/http: invalid header field value"} {
		if WorthRetrying(errors.New(text)) {
			t.Errorf("%q is tried again", text)
		}
	}
}

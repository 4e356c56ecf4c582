package resilience

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"ficus/gateway/telemetry"
)

// sender is a client's body that comes in pieces.
type sender struct {
	http.ResponseWriter
	every time.Duration
	size  int
	cut   chan struct{}
}

func (s *sender) Read(p []byte) (int, error) {
	select {
	case <-time.After(s.every):
		return min(s.size, len(p)), nil
	case <-s.cut:
		return 0, errors.New("the deadline has passed")
	}
}

func (s *sender) SetReadDeadline(time.Time) error {
	close(s.cut)
	return nil
}

// A client that sends less than the rate wants is cut, and nobody else.
func TestBodyRate(t *testing.T) {
	for _, tc := range []struct {
		name  string
		rate  int
		every time.Duration
		size  int
		slow  time.Duration // the backend takes so long for each piece
		want  bool          // cut
	}{
		{"trickles", 100, time.Second, 1, 0, true},
		{"a little too slow", 100, time.Second, 95, 0, true},
		{"fast enough", 100, time.Second, 105, 0, false},
		{"in bursts", 100, 110 * time.Second, 15_000, 0, false},
		{"in small bursts", 100, 110 * time.Second, 9_000, 0, true},
		{"no rate", 0, 110 * time.Second, 1, 0, false},
		{"a slow backend", 100, time.Millisecond, 1, time.Minute, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := &sender{httptest.NewRecorder(), tc.every, tc.size, make(chan struct{})}
				var b body
				w := watch{writer: client, body: &b, series: telemetry.New().Route("r"), rate: tc.rate}
				b.begin(client, -1, 0, &w.moved)
				ctx, cancel := context.WithCancelCause(t.Context())
				w.beginTry(cancel, 0, 2*time.Minute, 0)
				began := time.Now()
				for r, p := b.open(nil), make([]byte, 32<<10); time.Since(began) < time.Hour; time.Sleep(tc.slow) {
					if _, err := r.Read(p); err != nil {
						break
					}
				}
				w.stop()
				took := time.Since(began)
				if cause := context.Cause(ctx); (cause == errTrickle) != tc.want || !tc.want && cause != nil { //nolint:errorlint // it is handed on as it is
					t.Errorf("after %v: %v", took, cause)
				}
				if tc.want && (took < 2*time.Minute || took > 4*time.Minute) {
					t.Errorf("cut after %v", took)
				}
				cancel(io.EOF)
			})
		})
	}
}

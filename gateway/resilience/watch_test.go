package resilience

import (
	"errors"
	"io"
	"net/http/httptest"
	"testing"

	"ficus/gateway/route"
	"ficus/gateway/telemetry"
)

// Who begins to wait for the client just when the request is cut would wait for ever: net/http
// ends no try before its body's reader has returned.
func TestNobodyBeginsToWaitAfterTheCut(t *testing.T) {
	client, _ := io.Pipe() // that never sends
	b := newBody(client, 10, 100)
	w := &watch{body: b, writer: httptest.NewRecorder(), series: telemetry.New().Route("r")}
	w.beginTry(func(error) {}, 0, 0, 0)
	try := b.open(nil)
	w.cut(errTimeout)
	got := make(chan error, 1)
	go func() {
		_, err := try.Read(make([]byte, 1))
		got <- err
	}()
	if err := <-got; !errors.Is(err, errTryEnded) {
		t.Errorf("got %v", err)
	}
}

// A length alone, which anybody may announce, takes no memory.
func TestLengthAloneTakesNoMemory(t *testing.T) {
	b := newBody(nil, route.MaxReplayLimit, route.MaxReplayLimit)
	if n := cap(b.kept); n > firstKept {
		t.Errorf("%d bytes are taken", n)
	}
}

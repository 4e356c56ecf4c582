package resilience

import (
	"net/http"
	"testing"
)

func TestIsEventStream(t *testing.T) {
	for kind, want := range map[string]bool{
		"text/event-stream": true, "Text/Event-Stream;charset=utf-8": true, "text/event-streams": false, "text/html": false, "": false,
		"application/json; profile=text/event-stream": false,
	} {
		if IsEventStream(http.Header{"Content-Type": {kind}}) != want {
			t.Errorf("%q: %v", kind, !want)
		}
	}
	if IsEventStream(http.Header{}) {
		t.Error("nothing is an event stream")
	}
}

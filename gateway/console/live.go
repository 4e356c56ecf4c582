package console

import (
	"fmt"
	"net/http"
	"time"
)

// heartbeat keeps a quiet stream from being taken for a dead one.
const heartbeat = 15 * time.Second

// live is a stream of events (text/event-stream) that say when something is new: "sample"
// for figures, "change" for all else. It ends with its client. There are only so many at
// once; a page without one stays as it is.
func (c *Console) live(w http.ResponseWriter, r *http.Request) {
	select {
	case c.streams <- struct{}{}:
		defer func() { <-c.streams }()
	default:
		http.Error(w, "too many pages are kept current already", http.StatusServiceUnavailable)
		return
	}
	changes := c.Changes.Subscribe(1, nil) // that there was one is all that counts
	defer changes.Close()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(w)
	text := "retry: 2000\nevent: hello\ndata: \n\n"
	for {
		sampled := c.History.Changed() // before it is told: what comes meanwhile is not missed
		if _, err := fmt.Fprint(w, text); err != nil || out.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-sampled:
			text = "event: sample\ndata: \n\n"
		case <-changes.Events():
			text = "event: change\ndata: \n\n"
		case <-beat.C:
			text = ":\n\n"
		}
	}
}

package change

import "context"

// A Subscription gets events as they come. Those that it has no room for are dropped.
type Subscription struct {
	recorder *Recorder
	events   chan Event
	dropped  func() // may be nil
}

// Events returns the channel on which events come. It is never closed.
func (s *Subscription) Events() <-chan Event { return s.events }

// Close ends the subscription: no more events come. A second call does nothing.
func (s *Subscription) Close() {
	if s.recorder != nil {
		s.recorder.unsubscribe(s)
	}
}

// Run calls each with every event, one after the other, until the context ends; then with
// those that came before, and closes the subscription.
func (s *Subscription) Run(ctx context.Context, each func(Event)) {
	for {
		select {
		case e := <-s.events:
			each(e)
			continue
		case <-ctx.Done():
		}
		s.Close()
		for len(s.events) > 0 { // nobody adds to them any more
			each(<-s.events)
		}
		return
	}
}

func (s *Subscription) offer(e Event) {
	select {
	case s.events <- e:
	default:
		if s.dropped != nil {
			s.dropped()
		}
	}
}

package live

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"ficus/legacy-stub/shop/store"
)

// Feed is the store's change feed.
type Feed interface {
	ChangeSeq(ctx context.Context) (int64, error)
	ChangedProducts(ctx context.Context, after int64, limit int) ([]store.Product, error)
}

// Hub follows the change feed, while anybody listens, and tells every listener of each changed product.
type Hub struct {
	feed Feed
	poll time.Duration
	log  *slog.Logger
	kick chan struct{} // something changed: look now

	mu        sync.Mutex
	listeners map[chan store.Product]struct{}
	last      int64 // the last change that was told; counts while somebody listens
}

// backlog is how many changes a listener may be behind before it is cut off. It then asks again from where it was.
const backlog = 256

// NewHub makes a hub that looks for changes every poll, and at once after Changed.
func NewHub(feed Feed, poll time.Duration, log *slog.Logger) *Hub {
	return &Hub{feed: feed, poll: poll, log: log, kick: make(chan struct{}, 1), listeners: map[chan store.Product]struct{}{}}
}

// Changed says that a product was changed by this process. It never waits.
func (h *Hub) Changed() {
	select {
	case h.kick <- struct{}{}:
	default: // it will look anyway
	}
}

// Run follows the feed until the context ends.
func (h *Hub) Run(ctx context.Context) {
	tick := time.NewTicker(h.poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-h.kick:
		}
		if err := h.look(ctx); err != nil && ctx.Err() == nil {
			h.log.WarnContext(ctx, "looking for stock changes", "error", err)
		}
	}
}

// look tells of all changes since the last look, if anybody listens.
func (h *Hub) look(ctx context.Context) error {
	h.mu.Lock()
	last, heard := h.last, len(h.listeners) > 0
	h.mu.Unlock()
	for heard {
		list, err := h.feed.ChangedProducts(ctx, last, backlog/2)
		if err != nil || len(list) == 0 {
			return err
		}
		last = list[len(list)-1].ChangeSeq
		h.tell(list, last)
	}
	return nil
}

func (h *Hub) tell(list []store.Product, last int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = last
	for ch := range h.listeners {
		for _, p := range list {
			if !offer(ch, p) { // too slow
				delete(h.listeners, ch)
				close(ch)
				break
			}
		}
	}
}

func offer(ch chan<- store.Product, p store.Product) bool {
	select {
	case ch <- p:
		return true
	default:
		return false
	}
}

// Listen begins to listen: every change that is made after Listen returned is told. The channel is closed when the listener was too
// slow. The caller must call stop.
func (h *Hub) Listen(ctx context.Context) (changes <-chan store.Product, stop func(), err error) {
	seq, err := h.feed.ChangeSeq(ctx)
	if err != nil {
		return nil, nil, err
	}
	ch := make(chan store.Product, backlog)
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.listeners) == 0 { // nobody has looked for a while
		h.last = seq
	}
	h.listeners[ch] = struct{}{}
	return ch, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.listeners, ch)
	}, nil
}

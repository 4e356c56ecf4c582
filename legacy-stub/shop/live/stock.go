package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"ficus/legacy-stub/shop/store"
)

// StockStream serves stock changes as server-sent events:
//
//	event: snapshot      once, at the beginning: {"stock":[{"product_id":1,"stock":12}, …]}, every product on sale
//	event: stock         for each product that changed: {"product_id":1,"sku":"KIT-0001","name":"…","stock":11,"in_stock":true}
//	event: gone          for a product that is no longer sold: {"product_id":1}
//	: heartbeat          a comment, when there was nothing to tell for a while
//
// The id of an event is the number of the change. A client that comes back with Last-Event-ID gets no snapshot but what it missed.
// "?product=17&product=18" limits the stream to these products.
type StockStream struct {
	Hub       *Hub
	Gate      *Gate
	Products  func(ctx context.Context, after int64, limit int) ([]store.Product, error) // by id
	Heartbeat time.Duration
}

// writeTimeout is how long a client may take to accept an event.
const writeTimeout = 15 * time.Second

func (s *StockStream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	gate, leave, ok := s.Gate.Enter()
	if !ok {
		http.Error(w, "the shop is closing", http.StatusServiceUnavailable)
		return
	}
	defer leave()
	only, err := chosen(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	if r.Method == http.MethodHead {
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(gate, cancel)()
	out := &eventWriter{w: w, control: http.NewResponseController(w), only: only}
	_ = s.serve(ctx, out, r.Header.Get("Last-Event-ID")) // the client went away, or the gate closed: nobody is left to tell
}

func (s *StockStream) serve(ctx context.Context, out *eventWriter, lastEventID string) error {
	changes, stop, err := s.Hub.Listen(ctx)
	if err != nil {
		return err
	}
	defer stop()
	if err := s.begin(ctx, out, lastEventID); err != nil {
		return err
	}
	beat := time.NewTicker(s.Heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case p, ok := <-changes:
			if !ok {
				return errors.New("the reader is too slow")
			}
			if err := out.change(p); err != nil {
				return err
			}
			beat.Reset(s.Heartbeat)
		case <-beat.C:
			if err := out.write(": heartbeat\n\n"); err != nil {
				return err
			}
		}
	}
}

// begin writes the snapshot, or what a returning client missed.
func (s *StockStream) begin(ctx context.Context, out *eventWriter, lastEventID string) error {
	if last, err := strconv.ParseInt(lastEventID, 10, 64); err == nil && last >= 0 {
		out.seq = last
		if err := out.write("retry: 3000\n\n"); err != nil {
			return err
		}
		return catchUp(ctx, s.Hub.feed, out)
	}
	seq, err := s.Hub.feed.ChangeSeq(ctx) // before reading the products: what changes meanwhile is told twice, never not at all
	if err != nil {
		return err
	}
	out.seq = seq
	type line struct {
		ProductID int64 `json:"product_id"`
		Stock     int64 `json:"stock"`
	}
	lines := []line{}
	for after := int64(0); ; {
		list, err := s.Products(ctx, after, 500)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			break
		}
		for _, p := range list {
			after = p.ID
			if !p.Deleted && out.wants(p.ID) {
				lines = append(lines, line{p.ID, p.Stock})
			}
		}
	}
	return out.event("retry: 3000\n", seq, "snapshot", map[string]any{"stock": lines})
}

func catchUp(ctx context.Context, feed Feed, out *eventWriter) error {
	for {
		list, err := feed.ChangedProducts(ctx, out.seq, 200)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, p := range list {
			if err := out.change(p); err != nil {
				return err
			}
		}
	}
}

func chosen(r *http.Request) (map[int64]bool, error) {
	var only map[int64]bool
	for _, text := range r.URL.Query()["product"] {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("product %q is not a number", text)
		}
		if only == nil {
			only = map[int64]bool{}
		}
		only[id] = true
	}
	return only, nil
}

// eventWriter writes events and remembers the number of the last change it told or skipped.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	only    map[int64]bool // nil: all
	seq     int64
}

func (e *eventWriter) wants(id int64) bool { return e.only == nil || e.only[id] }

func (e *eventWriter) change(p store.Product) error {
	if p.ChangeSeq <= e.seq {
		return nil // known from the snapshot, or told before
	}
	e.seq = p.ChangeSeq
	if !e.wants(p.ID) {
		return nil
	}
	if p.Deleted {
		return e.event("", p.ChangeSeq, "gone", map[string]any{"product_id": p.ID})
	}
	return e.event("", p.ChangeSeq, "stock", struct {
		ProductID int64  `json:"product_id"`
		SKU       string `json:"sku"`
		Name      string `json:"name"`
		Stock     int64  `json:"stock"`
		InStock   bool   `json:"in_stock"`
	}{p.ID, p.SKU, p.Name, p.Stock, p.Stock > 0})
}

func (e *eventWriter) event(before string, id int64, name string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	return e.write(fmt.Sprintf("%sid: %d\nevent: %s\ndata: %s\n\n", before, id, name, text))
}

func (e *eventWriter) write(text string) error {
	err := e.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := e.w.Write([]byte(text)); err != nil {
		return err
	}
	return e.control.Flush()
}

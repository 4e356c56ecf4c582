package live

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"ficus/legacy-stub/shop/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeFeed is a change feed in memory.
type fakeFeed struct {
	mu       sync.Mutex
	seq      int64
	products []store.Product // in the order of their changes
}

func (f *fakeFeed) change(id, stock int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seq++
	f.products = append(f.products, store.Product{ID: id, SKU: "S", Name: "N", Stock: stock, ChangeSeq: f.seq, Deleted: stock < 0})
}

func (f *fakeFeed) ChangeSeq(context.Context) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seq, nil
}

func (f *fakeFeed) ChangedProducts(_ context.Context, after int64, limit int) ([]store.Product, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []store.Product
	for _, p := range f.products {
		if p.ChangeSeq > after && len(list) < limit {
			list = append(list, p)
		}
	}
	return list, nil
}

// byID is two products, whatever happens.
func byID(_ context.Context, after int64, _ int) ([]store.Product, error) {
	all := []store.Product{{ID: 1, Stock: 10}, {ID: 2, Stock: 20}}
	return all[min(after, 2):], nil
}

type fixture struct {
	feed *fakeFeed
	hub  *Hub
	gate *Gate
	url  string
}

// start serves a stock stream and a support chat.
func start(t *testing.T, heartbeat time.Duration) *fixture {
	t.Helper()
	f := &fixture{feed: &fakeFeed{seq: 5}, gate: NewGate()}
	f.hub = NewHub(f.feed, time.Hour, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { f.hub.Run(ctx) })
	mux := http.NewServeMux()
	mux.Handle("/stock", &StockStream{Hub: f.hub, Gate: f.gate, Products: byID, Heartbeat: heartbeat})
	mux.Handle("/support", &Support{Gate: f.gate, Visitor: func(*http.Request) Visitor { return Visitor{Name: "Ann Lee", LastOrder: "order 7"} }})
	srv := httptest.NewServer(mux)
	f.url = srv.URL
	t.Cleanup(func() {
		f.gate.Close()
		srv.Close()
		cancel()
		work.Wait()
	})
	return f
}

// stream reads events one by one.
type stream struct {
	t    *testing.T
	resp *http.Response
	rest string
}

func (f *fixture) open(t *testing.T, query string, header ...string) *stream {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.url+"/stock"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	tr := &http.Transport{}
	resp, err := tr.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = resp.Body.Close()
		tr.CloseIdleConnections()
	})
	return &stream{t: t, resp: resp}
}

// next is the next event or comment, or "" at the end.
func (s *stream) next() string {
	s.t.Helper()
	for {
		if event, rest, ok := strings.Cut(s.rest, "\n\n"); ok {
			s.rest = rest
			return event
		}
		buf := make([]byte, 4096)
		n, err := s.resp.Body.Read(buf)
		s.rest += string(buf[:n])
		if err != nil && n == 0 {
			return s.rest
		}
	}
}

func (s *stream) want(events ...string) {
	s.t.Helper()
	for _, want := range events {
		if got := s.next(); got != want {
			s.t.Fatalf("event %q, want %q", got, want)
		}
	}
}

const snapshot = "retry: 3000\nid: 5\nevent: snapshot\ndata: {\"stock\":[{\"product_id\":1,\"stock\":10},{\"product_id\":2,\"stock\":20}]}"

func stockEvent(seq, id, stock string, in string) string {
	return "id: " + seq + "\nevent: stock\ndata: {\"product_id\":" + id + ",\"sku\":\"S\",\"name\":\"N\",\"stock\":" + stock + ",\"in_stock\":" + in + "}"
}

func TestStockStream(t *testing.T) {
	f := start(t, time.Hour)
	s := f.open(t, "")
	if kind := s.resp.Header.Get("Content-Type"); kind != "text/event-stream; charset=utf-8" {
		t.Errorf("content type %q", kind)
	}
	s.want(snapshot)
	f.feed.change(1, 9)
	f.feed.change(2, 0)
	f.hub.Changed()
	s.want(stockEvent("6", "1", "9", "true"), stockEvent("7", "2", "0", "false"))
	f.feed.change(2, -1)
	f.hub.Changed()
	s.want("id: 8\nevent: gone\ndata: {\"product_id\":2}")
	f.gate.Close()
	if rest := s.next(); rest != "" {
		t.Errorf("after the gate closed: %q, want the end", rest)
	}
}

func TestStockStreamOfOneProduct(t *testing.T) {
	f := start(t, time.Hour)
	s := f.open(t, "?product=2")
	s.want("retry: 3000\nid: 5\nevent: snapshot\ndata: {\"stock\":[{\"product_id\":2,\"stock\":20}]}")
	f.feed.change(1, 9)
	f.feed.change(2, 19)
	f.hub.Changed()
	s.want(stockEvent("7", "2", "19", "true"))
	if bad := f.open(t, "?product=two"); bad.resp.StatusCode != http.StatusBadRequest {
		t.Errorf("a product that is no number: %s, want 400", bad.resp.Status)
	}
}

func TestStockStreamGoesOnWhereItWas(t *testing.T) {
	f := start(t, time.Hour)
	f.feed.change(1, 9)
	f.feed.change(1, 8)
	s := f.open(t, "", "Last-Event-ID", "6")
	s.want("retry: 3000", stockEvent("7", "1", "8", "true"))
	f.feed.change(1, 7)
	f.hub.Changed()
	s.want(stockEvent("8", "1", "7", "true"))
}

func TestHeartbeat(t *testing.T) {
	s := start(t, time.Millisecond).open(t, "")
	s.want(snapshot, ": heartbeat", ": heartbeat")
}

func TestSlowReaderIsCutOffAndNobodyElse(t *testing.T) {
	f := start(t, time.Hour)
	slow, stopSlow, err := f.hub.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer stopSlow()
	fast, stopFast, err := f.hub.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer stopFast()
	const n = backlog + 10
	for i := range int64(n) {
		f.feed.change(1, i)
		f.hub.Changed()
		if p, ok := <-fast; !ok || p.Stock != i {
			t.Fatalf("the fast reader got %v, %t; want stock %d", p, ok, i)
		}
	}
	got := 0
	for range slow { // ends only because the hub closed it
		got++
	}
	if got != backlog {
		t.Errorf("the slow reader got %d changes before it was cut off, want %d", got, backlog)
	}
}

func TestGateLetsNobodyInAfterClose(t *testing.T) {
	f := start(t, time.Hour)
	f.gate.Close()
	if s := f.open(t, ""); s.resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%s, want 503", s.resp.Status)
	}
}

// chatter talks to the support.
type chatter struct {
	t *testing.T
	*websocket.Conn
}

func (f *fixture) dial(t *testing.T) *chatter {
	t.Helper()
	tr := &http.Transport{}
	conn, _, err := websocket.Dial(t.Context(), f.url+"/support", &websocket.DialOptions{HTTPClient: &http.Client{Transport: tr}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.CloseNow()
		tr.CloseIdleConnections()
	})
	return &chatter{t, conn}
}

func (c *chatter) say(text string) {
	c.t.Helper()
	if err := c.Write(c.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *chatter) hear() map[string]any {
	c.t.Helper()
	_, data, err := c.Read(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		c.t.Fatal(err)
	}
	return m
}

func TestSupportAnswersInOrder(t *testing.T) {
	c := start(t, time.Hour).dial(t)
	greeting := map[string]any{"id": "s1", "from": "Juniper", "text": "Hello Ann, this is Juniper from Marlow & Finch. What can I do for you?"}
	if diff := cmp.Diff(greeting, c.hear()); diff != "" {
		t.Errorf("greeting (-want +got):\n%s", diff)
	}
	c.say(`{"id":"a","text":"Where is my order?"}`)
	c.say(`{"id":"b","text":"hm"}`)
	c.say(`hello`)
	c.say(`{"id":"` + strings.Repeat("x", 101) + `"}`)
	if m := c.hear(); m["reply_to"] != "a" || m["id"] != "s2" || !strings.Contains(m["text"].(string), "order 7") {
		t.Errorf("first answer %v", m)
	}
	if m := c.hear(); m["reply_to"] != "b" || !strings.Contains(m["text"].(string), "not sure") {
		t.Errorf("second answer %v", m)
	}
	for range 2 {
		if m := c.hear(); m["reply_to"] != "" || m["error"] == nil {
			t.Errorf("answer to no question: %v", m)
		}
	}
	if err := c.Write(t.Context(), websocket.MessageBinary, []byte{1}); err != nil {
		t.Fatal(err)
	}
	if m := c.hear(); m["error"] != "send text, please" {
		t.Errorf("answer to bytes: %v", m)
	}
	if err := c.Close(websocket.StatusNormalClosure, "bye"); err != nil {
		t.Errorf("closing: %v", err)
	}
}

func TestSupportEndsWithTheGate(t *testing.T) {
	f := start(t, time.Hour)
	c := f.dial(t)
	c.hear()
	done := make(chan struct{})
	go func() { f.gate.Close(); close(done) }()
	_, _, err := c.Read(t.Context())
	if websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("the end is %v, want going away", err)
	}
	<-done
}

func TestSupportRefusesLongMessagesAndOtherOrigins(t *testing.T) {
	f := start(t, time.Hour)
	c := f.dial(t)
	c.hear()
	c.say(strings.Repeat("x", maxQuestion+1))
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("the end is %v, want message too big", err)
	}
	_, resp, err := websocket.Dial(t.Context(), f.url+"/support", &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"https://evil.example"}}})
	if err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("another origin: %v", err)
	}
}

func TestAnswer(t *testing.T) {
	ann := Visitor{Name: "Ann Lee", LastOrder: "order 7, placed on 01.03.2026, is packed"}
	tests := []struct {
		who      Visitor
		question string
		want     string
	}{
		{Visitor{}, "Where is my order?", "log in first"},
		{ann, "WHERE IS MY ORDER!", "order 7"},
		{Visitor{Name: "Bo"}, "can you track my parcel", "cannot find an order of yours, Bo"},
		{ann, "Can I return the mug?", "60 days"},
		{ann, "how long does shipping take?", "two to four"},
		{ann, "Do you take credit cards?", "invoice"},
		{ann, "my lamp is broken :(", "repairs@"},
		{ann, "Is the kettle in stock?", "live"},
		{ann, "I want to talk to a human", "Ada and Tom"},
		{ann, "hi", "Hello Ann"},
		{ann, "thanks!", "You are welcome"},
		{ann, "", "not sure"},
		{ann, "¿?", "not sure"},
	}
	for _, tt := range tests {
		if got := Answer(tt.who, tt.question); !strings.Contains(got, tt.want) {
			t.Errorf("%q: %q, want %q in it", tt.question, got, tt.want)
		}
	}
}

package shop

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"ficus/legacy-stub/shop/store"
)

// events opens an event stream and returns a function that reads the next event.
func (b *browser) events(path string) (next func() (event string, err error)) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.url+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	resp, err := b.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = resp.Body.Close() })
	in := bufio.NewReader(resp.Body)
	return func() (string, error) {
		var event strings.Builder
		for {
			line, err := in.ReadString('\n')
			event.WriteString(line)
			if err != nil || line == "\n" {
				return event.String(), err
			}
		}
	}
}

func wantEvent(t *testing.T, next func() (string, error), wants ...string) {
	t.Helper()
	event, err := next()
	if err != nil {
		t.Fatal(err)
	}
	contains(t, event, wants...)
}

// What a customer orders here, and what another process changes, shows on the stream.
func TestStockStreamTellsOfOrders(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { stockStream(t, open(t)) })
	t.Run("postgres", func(t *testing.T) { stockStream(t, open(t, onPostgres(t))) })
}

func stockStream(t *testing.T, s *running) {
	t.Helper()
	b := s.browser(t).login("alice")
	all, kettle := b.events("/events/stock"), b.events("/events/stock?product=12")
	wantEvent(t, all, "event: snapshot", `{"product_id":12,"stock":48}`, "id: 312")
	wantEvent(t, kettle, `data: {"stock":[{"product_id":12,"stock":48}]}`)

	b.api("POST", "/api/cart/items", `{"product_id":13}`)
	b.api("POST", "/api/cart/items", `{"product_id":12,"quantity":8}`)
	if status, o := b.api("POST", "/api/orders", `{"name":"A","street":"B","postcode":"C","city":"D","country":"E"}`); status != http.StatusCreated {
		t.Fatalf("ordering: %d %v", status, o)
	}
	wantEvent(t, all, "event: stock")
	wantEvent(t, all, "event: stock")
	wantEvent(t, kettle, "event: stock", `"product_id":12`, `"stock":40`)

	elsewhere, err := store.Open(t.Context(), store.Options{DSN: s.cfg.DB})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = elsewhere.Close() }()
	if err := elsewhere.SetStock(t.Context(), 12, 0); err != nil {
		t.Fatal(err)
	}
	wantEvent(t, kettle, `"stock":0,"in_stock":false`)

	s.EndStreams()
	if _, err := kettle(); !errors.Is(err, io.EOF) {
		t.Errorf("the stream ends with %v, want a clean end", err)
	}
}

func TestSupportKnowsTheCustomer(t *testing.T) {
	s := open(t)
	b := s.browser(t).login("alice")
	conn, _, err := websocket.Dial(t.Context(), s.url+"/ws/support", &websocket.DialOptions{HTTPClient: b.Client})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	ask := func(q string) string {
		t.Helper()
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(q)); err != nil {
			t.Fatal(err)
		}
		_, data, err := conn.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if _, data, err := conn.Read(t.Context()); err != nil || !strings.Contains(string(data), "Hello Alice") {
		t.Errorf("greeting %s, %v", data, err)
	}
	contains(t, ask(`{"id":"q1","text":"Where is my parcel?"}`), `"reply_to":"q1"`, "order 1008", "packed")
	if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("closing: %v", err)
	}
}

package authz

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

const secret = "s3cret"

// event is one that has a secret wherever the log must not look.
func event(obligations map[string]any) Event {
	return Event{
		Time: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC), RequestID: "r1", Policy: "shop.orders", Revision: "abc", Observed: true,
		Input: &Input{
			Method: "GET", Host: "shop.example", Path: "/orders/17", Params: map[string]string{"id": "17"}, Route: "orders", ClientIP: "192.0.2.1",
			Headers: map[string][]string{"x": {secret}}, Body: secret, BodyState: BodyWhole,
			Principal: Principal{ID: "u1", Source: "bearer", Claims: map[string]any{"sub": secret, "email": secret}},
		},
		Decision: Decision{
			Cause: Denied, Reason: "not yours", Status: 403, Took: 17 * time.Microsecond, Obligations: obligations,
			Claims: map[string]any{"scope": secret}, Headers: map[string]string{"X": secret},
		},
	}
}

func TestLogLine(t *testing.T) {
	all := map[string]any{
		"time": "2026-01-01T12:00:00Z", "level": "INFO", "msg": "decision", "request_id": "r1", "route": "orders", "policy": "shop.orders",
		"revision": "abc", "mode": "observe", "allow": false, "cause": "denied", "reason": "not yours", "duration_us": 17.0, "status": 403.0,
		"method": "GET", "host": "shop.example", "path": "/orders/17", "client_ip": "192.0.2.1",
		"principal": map[string]any{"id": "u1", "source": "bearer", "claims": []any{"email", "sub"}}, "claims": []any{"scope"}, "obligations": []any{},
	}
	for _, tc := range []struct {
		name        string
		obligations map[string]any
		masked      []string
	}{
		{"plain", nil, nil},
		{"other obligations", map[string]any{"quota": secret}, nil},
		{"one", map[string]any{"mask": []any{"path"}}, []string{"path"}},
		{"all", map[string]any{"mask": []any{"path", "client_ip", "principal"}}, []string{"path", "client_ip", "principal"}},
		{"misspelt", map[string]any{"mask": []any{"client-ip"}}, []string{"path", "client_ip", "principal"}},
		{"no list", map[string]any{"mask": "path"}, []string{"path", "client_ip", "principal"}},
		{"empty", map[string]any{"mask": []any{}}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var text bytes.Buffer
			sink := &recorded{}
			log := NewLog(LogConfig{Logger: slog.New(slog.NewJSONHandler(&text, nil)), Sink: sink})
			given := event(tc.obligations)
			log.Decided(given)
			if err := log.Close(); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(text.String(), secret) {
				t.Errorf("a secret is in the log: %s", text.String())
			}
			want := map[string]any{}
			for name, value := range all {
				want[name] = value
			}
			for _, name := range tc.masked {
				want[name] = "[masked]"
			}
			named := []any{}
			for name := range tc.obligations {
				named = append(named, name)
			}
			want["obligations"] = named
			var got map[string]any
			if err := json.Unmarshal(text.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if in := sink.events[0].Input; (in.Path == "[masked]") != (want["path"] == "[masked]") || (in.ClientIP == "[masked]") != (want["client_ip"] == "[masked]") ||
				(in.Principal.ID == "[masked]") != (want["principal"] == "[masked]") {
				t.Errorf("the sink got %+v", in)
			}
			if given.Input.Path != "/orders/17" || given.Input.Principal.ID != "u1" {
				t.Error("the request's own input was changed")
			}
		})
	}
}

type recorded struct {
	mu     sync.Mutex
	events []Event
}

func (r *recorded) Enabled(Decision) bool { return true }

func (r *recorded) Decided(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// stuck is a writer that does not write until it may.
type stuck struct {
	entered chan struct{}
	free    chan struct{}
	lines   int
}

func (s *stuck) Write(p []byte) (int, error) {
	if s.lines == 0 {
		close(s.entered)
	}
	<-s.free
	s.lines++
	return len(p), nil
}

// A log that can't write makes nobody wait: what finds no room is dropped and counted.
func TestLogDropsRatherThanWaits(t *testing.T) {
	defer goleak.VerifyNone(t)
	out := &stuck{entered: make(chan struct{}), free: make(chan struct{})}
	var dropped atomic.Int32
	log := NewLog(LogConfig{Logger: slog.New(slog.NewTextHandler(out, nil)), Queue: 3, Dropped: func() { dropped.Add(1) }})
	log.Decided(event(nil))
	<-out.entered
	for range 5 {
		log.Decided(event(nil))
	}
	if n := dropped.Load(); n != 2 {
		t.Errorf("%d were dropped, want 2", n)
	}
	close(out.free)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if out.lines != 4 {
		t.Errorf("%d lines were written, want 4", out.lines)
	}
	log.Decided(event(nil))
	if n := dropped.Load(); n != 3 {
		t.Errorf("%d were dropped after the end, want 3", n)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}

// Every decision is either written or counted as dropped, whoever closes when.
func TestLogConcurrently(t *testing.T) {
	defer goleak.VerifyNone(t)
	var dropped, written atomic.Int32
	out := writer(func(p []byte) (int, error) { written.Add(1); return len(p), nil })
	log := NewLog(LogConfig{Logger: slog.New(slog.NewTextHandler(out, nil)), Queue: 8, Dropped: func() { dropped.Add(1) }})
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for range 200 {
				log.Decided(event(nil))
			}
			if i == 0 {
				_ = log.Close()
			}
		})
	}
	group.Wait()
	if n := dropped.Load() + written.Load(); n != 1600 {
		t.Errorf("%d of 1600 are accounted for", n)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestLogBelowItsLevel(t *testing.T) {
	out := writer(func(p []byte) (int, error) { t.Errorf("written: %s", p); return len(p), nil })
	log := NewLog(LogConfig{Logger: slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelError}))})
	log.Decided(event(nil))
	if err := log.Close(); err != nil {
		t.Error(err)
	}
}

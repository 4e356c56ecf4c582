//go:build unix

package faults

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"ficus/gateway/gatewaytest"
)

const (
	floodFrames = 20_000    // of one kind, on one connection
	floodMemory = 128 << 20 // that the gateway may need for it at its peak, beside what it needs anyway
)

// A flood is what one client with HTTP/2 sends without end. The gateway ends the
// connection, or bears it; either way others are served, and no backend is to blame.
type flood struct {
	name string
	send func(*flooder) error
	deaf bool // the client reads nothing
}

var floods = []flood{
	{"rapid reset", func(f *flooder) error { // CVE-2023-44487
		return f.each(func() error {
			return errors.Join(f.ask("/hang"), f.framer.WriteRSTStream(f.stream, http2.ErrCodeCancel))
		})
	}, false},
	{"made you reset", func(f *flooder) error { // CVE-2025-8671
		return f.each(func() error {
			return errors.Join(f.ask("/hang"), f.framer.WriteRawFrame(http2.FrameWindowUpdate, 0, f.stream, make([]byte, 4)))
		})
	}, false},
	{"requests whose answers nobody reads", func(f *flooder) error {
		return f.each(func() error { return f.ask("/big") })
	}, true},
	{"continuation", func(f *flooder) error { // VU#421644
		f.stream += 2
		err := f.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: f.stream, BlockFragment: f.head("/")})
		block := f.field("x", strings.Repeat("x", 1000))
		return errors.Join(err, f.each(func() error { return f.framer.WriteContinuation(f.stream, false, block) }))
	}, false},
	{"empty continuation", func(f *flooder) error {
		f.stream += 2
		err := f.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: f.stream, BlockFragment: f.head("/")})
		return errors.Join(err, f.each(func() error { return f.framer.WriteContinuation(f.stream, false, nil) }))
	}, false},
	{"settings", func(f *flooder) error { // CVE-2019-9515
		return f.each(func() error {
			return f.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20})
		})
	}, true},
	{"pings", func(f *flooder) error { // CVE-2019-9512
		return f.each(func() error { return f.framer.WritePing(false, [8]byte{1}) })
	}, true},
	{"empty data", func(f *flooder) error { // CVE-2019-9518
		err := f.post("/drain")
		return errors.Join(err, f.each(func() error { return f.framer.WriteData(f.stream, false, nil) }))
	}, false},
	{"small headers", func(f *flooder) error { // one stream's, decompressed to more than anybody may send
		f.stream += 2
		return f.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: f.stream, EndStream: true, EndHeaders: true,
			BlockFragment: append(f.head("/"), bytes.Repeat(f.field("x", strings.Repeat("x", 1000)), 10_000)...)[:16<<10]})
	}, false},
}

func TestFloods(t *testing.T) {
	var under, most gauge
	legacy := startHanging(t, &under, &most)
	g := startGatewayProcess(t, routeToNew(legacy, ""))
	before := g.warm(t)
	for _, f := range floods {
		t.Run(f.name, func(t *testing.T) {
			client := newFlooder(t, g.address, f.deaf)
			sending := make(chan error, 1)
			go func() { sending <- f.send(client) }()
			for done := false; !done; { // others are served meanwhile, and afterwards
				select {
				case err := <-sending:
					t.Logf("sent %d frames, until: %v", client.sent, err)
					done = true
				default:
				}
				g.serves(t)
			}
			_ = client.Close()
			gatewaytest.Await(t, "its requests to be gone", func() bool { return under.value() == 0 })
			g.awaitGone(t, 0)
			if peak := g.peak(t); peak > before.memory+floodMemory {
				t.Errorf("%d MB at the peak, %d MB before", peak>>20, before.memory>>20)
			}
		})
	}
	t.Logf("at most %d requests at a time at the backend; %d MB before, %d MB at the peak", most.value(), before.memory>>20, g.peak(t)>>20)
	if n := most.value(); n > 1500 { // of a connection's 250 streams each, and what waits to be told that it is over
		t.Errorf("%d requests at a time reached the backend", n)
	}
	g.blamesNobody(t)
}

// routeToNew is a table in which all goes to a backend "new", whose breaker opens at the
// first failure.
func routeToNew(url, more string) string {
	return fmt.Sprintf("backends:\n  legacy: { addresses: [%q] }\n  new: { addresses: [%[1]q], %s breaker: { min_requests: 1, open_for: 1h } }\n"+
		"routes: [{ id: all, match: /, policy: public, backend: new, stage: retired }]\n", url, more)
}

// blamesNobody fails where something has counted against the backend.
func (g *gatewayProcess) blamesNobody(t *testing.T) {
	t.Helper()
	if text := g.ask(t, "/metrics"); !strings.Contains(text, `ficus_backend_breaker_state{backend="new"} 0`) {
		t.Error("the backend's breaker has opened")
	}
}

// serves fails where another client is not served.
func (g *gatewayProcess) serves(t *testing.T) {
	t.Helper()
	_ = g.connect(t, "/").Close()
}

// peak is the most memory that the process had, in bytes.
func (g *gatewayProcess) peak(t *testing.T) (bytes int) {
	t.Helper()
	_, rest, _ := strings.Cut(g.status(t), "VmHWM:")
	if _, err := fmt.Sscan(rest, &bytes); err != nil {
		t.Fatal(err)
	}
	return bytes << 10
}

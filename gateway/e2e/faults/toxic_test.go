package faults

import (
	"io"
	"strings"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"ficus/gateway/gatewaytest"
)

// toxics makes proxies that do harm to what passes through them.
var toxics = toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.New(io.Discard))

// A line is a proxy in front of an origin.
type line struct{ *toxiproxy.Proxy }

// lineTo starts a proxy in front of an address, host:port. A toxic is written as toxiproxy's
// API takes it.
func lineTo(t testing.TB, address string, toxic ...string) line {
	t.Helper()
	// The port has to be free again after a stop: so it is none that the system hands out.
	l := line{toxiproxy.NewProxy(toxics, t.Name(), gatewaytest.FreeAddress(t), address)}
	l.up(t)
	t.Cleanup(l.down)
	for _, text := range toxic {
		if _, err := l.Toxics.AddToxicJson(strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func (l line) up(t testing.TB) {
	t.Helper()
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
}

// down closes the proxy's connections and its port: the next connection is refused.
func (l line) down() { l.Stop() }

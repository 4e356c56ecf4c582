package connections

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bounded returns a limiter, what it logs, and the clock that it reads.
func bounded(b Bounds) (l *Limiter, log *bytes.Buffer, now *time.Time) {
	log, now = new(bytes.Buffer), new(time.Unix(1_700_000_000, 0))
	return New(Config{":443", slog.New(slog.NewTextHandler(log, nil)), func() time.Time { return *now }}, b), log, now
}

// Who counts as one client.
func TestClients(t *testing.T) {
	for _, tc := range []struct {
		one, other string
		same       bool
	}{
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true},
		{"2001:db8:1:2::1", "2001:db8:1:3::1", false},
		{"0.0.0.1", "0:0:0:1::", false},
		{"fe80::1%eth0", "fe80::1", true},
	} {
		l, _, _ := bounded(Bounds{PerClient: 1})
		for i, text := range []string{tc.one, tc.other} {
			at := addressOf(from{addr: &net.TCPAddr{IP: netip.MustParseAddr(text).AsSlice(), Port: i, Zone: netip.MustParseAddr(text).Zone()}})
			if _, ok := l.take(at); ok != (i == 0 || !tc.same) {
				t.Errorf("%s and %s: %s taken %v", tc.one, tc.other, text, ok)
			}
		}
	}
}

// from is a connection from somewhere.
type from struct {
	net.Conn
	addr net.Addr
}

func (f from) RemoteAddr() net.Addr { return f.addr }

// A client has as many as one may have, all have as many as all may have, and what is
// given back may be taken again.
func TestBounds(t *testing.T) {
	one, other, proxy := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("10.1.2.3")
	l, _, _ := bounded(Bounds{All: 6, PerClient: 2, Except: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	var all []client
	take := func(from netip.Addr, want bool) {
		t.Helper()
		who, ok := l.take(from)
		if ok != want {
			t.Errorf("%s: taken %v", from, ok)
		}
		if ok {
			all = append(all, who)
		}
	}
	take(one, true)
	take(one, true)
	take(one, false)
	take(other, true)
	for range 3 {
		take(proxy, true) // more than others may
	}
	take(proxy, false) // six are open
	take(other, false)
	if got, want := l.Status(), (Status{":443", 6, 6, [len(Reasons)]uint64{PerClient: 1, All: 2}}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	l.give(all[0])
	all = all[1:]
	take(one, true)
	l.Set(Bounds{All: 1}) // what is open stays
	take(one, false)
	l.Set(Bounds{})
	for range 10 {
		take(one, true)
	}
	for _, who := range all {
		l.give(who)
	}
	if got := l.Status(); got.Open != 0 || len(l.clients) != 0 {
		t.Errorf("at the end %+v and %d clients", got, len(l.clients))
	}
}

// Clients of a Unix socket have no address to be told apart by.
func TestNoAddress(t *testing.T) {
	l, _, _ := bounded(Bounds{All: 3, PerClient: 1})
	for i := range 4 {
		if _, ok := l.take(addressOf(from{addr: &net.UnixAddr{}})); ok != (i < 3) {
			t.Errorf("connection %d: taken %v", i, ok)
		}
	}
}

// However much is refused, the log has a line in ten seconds.
func TestLog(t *testing.T) {
	l, log, now := bounded(Bounds{PerClient: 1})
	client := netip.MustParseAddr("192.0.2.1")
	for range 1000 {
		l.take(client)
	}
	if lines := strings.Count(log.String(), "\n"); lines != 1 || !strings.Contains(log.String(), "listener=:443 reached=client client=192.0.2.1 open=1 refused=1\n") {
		t.Errorf("%d lines: %s", lines, log)
	}
	log.Reset()
	*now = now.Add(tellEvery)
	l.take(client)
	if !strings.HasSuffix(log.String(), " refused=999\n") {
		t.Errorf("ten seconds later: %s", log)
	}
}

// Beyond the bound a connection is reset, and stands in nobody's way; a closed one makes
// room, however often it is closed.
func TestListener(t *testing.T) {
	l, _, _ := bounded(Bounds{PerClient: 2})
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := l.Wrap(socket)
	accepted := make(chan net.Conn, 10)
	var accepting sync.WaitGroup
	accepting.Go(func() {
		defer close(accepted)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	})
	dial := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", socket.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_ = c.SetDeadline(time.Now().Add(time.Minute))
		return c
	}
	dial()
	second := dial()
	first, theOther := <-accepted, <-accepted
	for range 100 {
		c, err := net.Dial("tcp", socket.Addr().String())
		if err != nil {
			continue // it is reset by the time that it is there
		}
		_ = c.SetDeadline(time.Now().Add(time.Minute))
		if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil || isTimeout(err) {
			t.Fatalf("a third one: %d, %v", n, err)
		}
		_ = c.Close()
	}
	if err := theOther.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Error(err)
	}
	if _, err := second.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("after CloseWrite: %v", err)
	}
	_ = first.Close()
	_ = first.Close()
	dial()
	again := <-accepted
	if got := l.Status(); got.Open != 2 || got.Refused[PerClient] != 100 {
		t.Errorf("%+v", got)
	}
	_ = again.Close()
	_ = theOther.Close()
	_ = listener.Close()
	accepting.Wait()
	if got := l.Status(); got.Open != 0 {
		t.Errorf("at the end %+v", got)
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// Never are more open than may be, and all places come back.
func TestConcurrently(t *testing.T) {
	l, _, _ := bounded(Bounds{All: 30, PerClient: 10})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			address := netip.AddrFrom4([4]byte{192, 0, 2, byte(i % 4)})
			var mine []client
			for n := range 5000 {
				if who, ok := l.take(address); ok {
					mine = append(mine, who)
				}
				if status := l.Status(); status.Open > 30 {
					t.Errorf("%d are open", status.Open)
				}
				if len(mine) > 0 && n%3 == 0 {
					l.give(mine[0])
					mine = mine[1:]
				}
			}
			for _, who := range mine {
				l.give(who)
			}
		})
	}
	all.Wait()
	if got := l.Status(); got.Open != 0 || len(l.clients) != 0 {
		t.Errorf("at the end %+v and %d clients", got, len(l.clients))
	}
}

// What it costs to take and give back, with many clients.
func BenchmarkTake(b *testing.B) {
	l, _, _ := bounded(Bounds{All: 1 << 20, PerClient: 1000})
	for i := range 1 << 15 {
		l.take(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}))
	}
	address := netip.MustParseAddr("2001:db8::1")
	b.ReportAllocs()
	for b.Loop() {
		who, _ := l.take(address)
		l.give(who)
	}
}

func BenchmarkRefuse(b *testing.B) {
	l, _, _ := bounded(Bounds{PerClient: 1})
	address := netip.MustParseAddr("2001:db8::1")
	l.take(address)
	b.ReportAllocs()
	for b.Loop() {
		l.take(address)
	}
}

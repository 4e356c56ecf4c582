package backend

import (
	"bufio"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"ficus/gateway/route"
)

// streams answers with a first line, then nothing until the client goes away; an upgrade
// is a tunnel.
func streams(t *testing.T, http2 bool) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			conn, buffered, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_, _ = buffered.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nfirst\n")
			_ = buffered.Flush()
			_, _ = io.Copy(io.Discard, conn)
			return
		}
		_, _ = io.WriteString(w, "first\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	server.EnableHTTP2 = http2
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// What is open on an address that has left the table is cut when its time is up, whatever
// the protocol.
func TestDrain(t *testing.T) {
	for _, tc := range []struct {
		name           string
		http2, upgrade bool
	}{{"HTTP/1.1", false, false}, {"HTTP/2", true, false}, {"upgrade", false, true}} {
		t.Run(tc.name, func(t *testing.T) {
			server := streams(t, tc.http2)
			r := NewRegistry(Config{
				NewLeaf: func(route.Backend) (Leaf, error) {
					return transport{server.Client().Transport.(*http.Transport).Clone()}, nil
				},
				Random: rand.IntN,
			})
			d := definition("cart", server.URL)
			d.Drain = 50 * time.Millisecond
			b, set := hold1(t, r, d)
			out := request(t)
			if tc.upgrade {
				out.Header.Set("Connection", "Upgrade")
				out.Header.Set("Upgrade", "echo")
			}
			response, err := b.RoundTrip(out)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if _, ok := response.Body.(io.Writer); ok != tc.upgrade {
				t.Errorf("the body of a %d can be written to: %v", response.StatusCode, ok)
			}
			body := bufio.NewReader(response.Body)
			if line, err := body.ReadString('\n'); line != "first\n" {
				t.Fatal(line, err)
			}
			cut := make(chan error, 1)
			go func() {
				_, err := body.ReadString('\n')
				cut <- err
			}()
			set.Release()
			select {
			case err := <-cut:
				if err == nil {
					t.Error("the stream went on")
				}
			case <-time.After(10 * time.Second):
				t.Error("the stream is still open")
			}
			if got := under(b); got != [3]int{} {
				t.Errorf("%v are left", got)
			}
		})
	}
}

// Without drain, streams stay as long as they like; an answer that comes when the time is
// up is cut at once.
func TestDrainIsOptional(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, drain := range []time.Duration{0, time.Minute} {
			d := definition("cart", "http://a:1")
			d.Drain = drain
			r := newWorld().registry()
			b, set := hold1(t, r, d)
			response, err := b.RoundTrip(request(t))
			if err != nil {
				t.Fatal(err)
			}
			edited := d
			edited.MaxInflight = 10 // which leaves the address alone
			_, next := hold1(t, r, edited)
			set.Release()
			time.Sleep(time.Hour)
			if got := under(b)[0]; got != 1 {
				t.Errorf("drain %v: cut although its address is in the table", drain)
			}
			next.Release()
			time.Sleep(time.Minute - 1)
			if got := under(b); got[0] != 1 {
				t.Errorf("drain %v: cut too early", drain)
			}
			time.Sleep(time.Hour)
			synctest.Wait()
			if got := under(b)[0]; got != map[time.Duration]int{0: 1}[drain] {
				t.Errorf("drain %v: %d are under way after an hour", drain, got)
			}
			late, err := b.RoundTrip(request(t))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := b.members[0].inFlight.Load(), map[time.Duration]int64{0: 2}[drain]; got != want {
				t.Errorf("drain %v: %d in flight after an answer that came late, want %d", drain, got, want)
			}
			late.Body.Close()
			response.Body.Close()
		}
	})
}

// Idle connections of an address that has left close at once.
func TestIdleConnectionsClose(t *testing.T) {
	closed := make(chan struct{}, 10)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	server.Start()
	defer server.Close()
	r := newRegistry(func(route.Backend) (Leaf, error) { return transport{&http.Transport{}}, nil })
	b, set := hold1(t, r, definition("cart", server.URL, "http://127.0.0.1:1"))
	_, next := hold1(t, r, definition("cart", "http://127.0.0.1:1"))
	defer next.Release()
	for {
		response, err := b.RoundTrip(request(t))
		if err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			response.Body.Close()
			break
		}
	}
	select {
	case <-closed:
		t.Fatal("the connection did not stay open for the next request")
	default:
	}
	set.Release()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("the connection is still open")
	}
}

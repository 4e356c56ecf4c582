package surplus

import (
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
)

// wire is a guarded connection, and what a transport and a backend have done with it.
type wire struct {
	*testing.T
	*conn
	far net.Conn

	read                    chan error // of the Read that waits
	reading, strict, silent bool       // silent: nothing was asked since the connection settled
}

// Whatever transport and backend do, in whichever order: a connection settles as soon as a
// Read waits and not before, and what comes between that and a Write answers nothing.
func FuzzSettle(f *testing.F) {
	for _, seed := range []string{"rswbrswb", "rsbr", "swbrsb", "wrbsrb", "rssww"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, steps string) {
		if len(steps) > 200 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			near, far := net.Pipe()
			w := &wire{T: t, conn: &conn{Conn: near}, far: far, read: make(chan error, 1)}
			for _, step := range steps {
				switch step {
				case 'r':
					w.wait()
				case 'b':
					w.come()
				case 'w':
					w.ask()
				case 's':
					w.settles()
				}
			}
			w.end()
		})
	})
}

func (w *wire) wait() {
	if w.reading {
		return
	}
	w.reading = true
	go func() {
		_, err := w.conn.Read(make([]byte, 1))
		w.read <- err
	}()
	synctest.Wait()
}

func (w *wire) come() {
	if !w.reading {
		return
	}
	w.reading = false
	if _, err := w.far.Write([]byte("x")); err != nil {
		w.Fatal(err)
	}
	if err := <-w.read; errors.Is(err, errSurplus) != (w.strict && w.silent) {
		w.Fatalf("settled %v, nothing asked %v, and a Read gets %v", w.strict, w.silent, err)
	}
}

func (w *wire) ask() {
	go func() { _, _ = io.ReadFull(w.far, make([]byte, 1)) }()
	if _, err := w.conn.Write([]byte("x")); err != nil {
		w.Fatal(err)
	}
	w.silent = false
}

func (w *wire) settles() {
	done := make(chan bool, 1)
	go func() { done <- Settle(w.conn) }()
	synctest.Wait()
	if got := len(done) > 0; got != w.reading {
		w.Fatalf("a Read waits: %v; settled: %v", w.reading, got)
	}
	w.wait()
	if !<-done {
		w.Fatal("settled as closed")
	}
	w.strict, w.silent = true, true
}

// end closes the connection: then it settles at once, and the Read that waits ends.
func (w *wire) end() {
	if err := w.conn.Close(); err != nil {
		w.Fatal(err)
	}
	if Settle(w.conn) {
		w.Fatal("ready, and it is closed")
	}
	if w.reading {
		if err := <-w.read; err == nil {
			w.Fatal("read from a closed connection")
		}
	}
	_ = w.far.Close()
}

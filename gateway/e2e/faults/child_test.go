package faults

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// childAddress, in the environment, makes this test program a backend at that address.
const childAddress = "FICUS_FAULTS_SERVE"

func TestMain(m *testing.M) {
	if caddyfile := os.Getenv(asGateway); caddyfile != "" {
		runAsGateway(caddyfile)
		return
	}
	if address := os.Getenv(childAddress); address != "" {
		fmt.Fprintln(os.Stderr, serveAsChild(address))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// working is how long a request keeps a backend busy under load.
const working = 4 * time.Millisecond

// serveAsChild answers requests and says on standard output what it got, at once: a line
// when a request begins and one when all of it is here. What was said outlives the
// process.
func serveAsChild(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Println("listening")
	server := &http.Server{Handler: worker("new", ledger{begin: say("begun"), finish: say("whole")}), ReadHeaderTimeout: time.Minute}
	return server.Serve(listener)
}

func say(what string) func(id string) {
	return func(id string) { fmt.Printf("%s %s\n", what, id) } // one write(2), so lines don't mix
}

// A ledger takes down which requests came.
type ledger struct{ begin, finish func(id string) }

// worker is a backend under load: it reads the request, is busy for a while and answers
// by its side's name.
func worker(side string, l ledger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(idHeader)
		l.begin(id)
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		l.finish(id)
		<-time.After(working)
		_, _ = io.WriteString(w, side)
	})
}

// A child is a backend in a process of its own.
type child struct {
	*counts
	address string
	cmd     *exec.Cmd
	ended   chan struct{}
	up      chan struct{}
}

// startChild starts a backend at an address, which adds to the counts what it gets.
func startChild(t testing.TB, address string, c *counts) *child {
	t.Helper()
	p := &child{counts: c, address: address, cmd: exec.Command(os.Args[0]), ended: make(chan struct{}), up: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), childAddress+"="+address)
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		p.listen(out)
		_ = p.cmd.Wait() // it was killed
	}()
	t.Cleanup(p.kill)
	select {
	case <-p.up:
	case <-p.ended:
		t.Fatal("the backend's process ended")
	}
	return p
}

func (p *child) listen(out io.Reader) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		switch what, id, _ := strings.Cut(lines.Text(), " "); what {
		case "listening":
			close(p.up)
		case "begun":
			p.begin(id)
		case "whole":
			p.finish(id)
		}
	}
}

// kill ends the process as the kernel does it, and returns when all that it said was heard.
func (p *child) kill() {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		panic(err)
	}
	<-p.ended
}

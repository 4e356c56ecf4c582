package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"
)

// The program starts itself anew as load generator and as backend, so that both are
// processes of their own.
const (
	asLoad    = "load"
	asBackend = "backend"
)

// child is what such a process does, by its arguments, until its input ends.
func child(args []string) error {
	in, out := bufio.NewReaderSize(os.Stdin, 1<<20), json.NewEncoder(os.Stdout)
	if args[0] == asLoad {
		return serveOrders(in, out)
	}
	delay, err := time.ParseDuration(args[2])
	if err != nil {
		return err
	}
	files := map[string][]byte{}
	if len(args) > 3 {
		if files, err = readFiles(args[3]); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	b := newBackend(args[1], delay, files)
	go func() { _ = b.serve(listener) }() // until the process ends
	if err := out.Encode(listener.Addr().String()); err != nil {
		return err
	}
	for {
		if _, err := in.ReadString('\n'); err != nil {
			return nil // who started it has ended, or wants nothing more
		}
		if err := out.Encode(b.served.Load()); err != nil {
			return err
		}
	}
}

// readFiles are the answers that a backend gives beside its own: the files of a folder.
func readFiles(dir string) (map[string][]byte, error) {
	entries, err := os.ReadDir(dir)
	files := map[string][]byte{}
	for _, e := range entries {
		text, failed := os.ReadFile(filepath.Join(dir, e.Name())) //nolint:gosec // the folder is this program's own
		err = errors.Join(err, failed)
		files["/"+e.Name()] = answer(text)
	}
	return files, err
}

// serveOrders does one order after the other. Each is begun, said to be ready, done when
// a line comes, and ended when another one comes.
func serveOrders(in *bufio.Reader, out *json.Encoder) error {
	for {
		text, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		var o order
		if err := errors.Join(err, json.Unmarshal(text, &o)); err != nil {
			return err
		}
		l, err := open(o)
		if err != nil {
			return fmt.Errorf("%s: %w", o.Address, err)
		}
		warmed := l.run(o.Warm)
		if err := out.Encode(warmed); err != nil {
			return err
		}
		if _, err := in.ReadString('\n'); err != nil {
			return nil
		}
		if err := out.Encode(l.run(o.For)); err != nil {
			return err
		}
		if _, err := in.ReadString('\n'); err != nil {
			return nil
		}
		l.close()
	}
}

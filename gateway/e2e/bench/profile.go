package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// profile has a contestant that is Ficus or Caddy do one turn more, which does not count,
// and keeps the profile of its CPU time, for go tool pprof.
func (b *bench) profile(w *work, label string, p *proxy) error {
	if b.profiles == "" || !p.isGo() {
		return nil
	}
	return b.profileWhile(w.name, label, p, b.turnTime, func() error {
		_, err := b.turn(w, p)
		return err
	})
}

// isGo reports whether the proxy is this project's program, which can be asked for profiles.
func (p *proxy) isGo() bool { return p.peer.program == "" }

// profileWhile keeps profiles of CPU time and of what is allocated while a proxy does
// something that takes about so long.
func (b *bench) profileWhile(work, label string, p *proxy, during time.Duration, do func() error) error {
	if b.profiles == "" || !p.isGo() {
		return nil
	}
	taken := make(chan error, 2)
	for _, kind := range []string{"profile", "allocs"} {
		url := fmt.Sprintf("http://%s/debug/pprof/%s?seconds=%d", p.Admin, kind, max(1, int(during.Seconds())))
		path := filepath.Join(b.profiles, fmt.Sprintf("%s-%s-%s.pprof", work, strings.ReplaceAll(label, " ", "-"), kind))
		go func() { taken <- download(url, path) }()
	}
	return errors.Join(do(), <-taken, <-taken)
}

func download(url, path string) error {
	response, err := http.Get(url) //nolint:gosec // of a proxy that this program has started
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, response.Body)
	return errors.Join(err, file.Close())
}

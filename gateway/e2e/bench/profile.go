package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// profile has a contestant that is Ficus or Caddy do one turn more, which does not count,
// and keeps the profiles of its CPU time and of what it allocates, for go tool pprof.
func (b *bench) profile(w *work, label string, p *proxy) error {
	if b.profiles == "" || peers[label] == nil || peers[label].program != "" {
		return nil
	}
	taken := make(chan error)
	take := func(kind, suffix string) {
		url := fmt.Sprintf("http://%s/debug/pprof/%s?seconds=%d", p.Admin, kind, max(1, int(b.turnTime.Seconds())))
		taken <- download(url, filepath.Join(b.profiles, w.name+"-"+strings.ReplaceAll(label, " ", "-")+suffix))
	}
	go take("profile", ".pprof")
	go take("allocs", "-allocs.pprof")
	_, err := b.turn(w, p)
	return errors.Join(err, <-taken, <-taken)
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

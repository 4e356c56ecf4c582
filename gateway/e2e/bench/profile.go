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
// and keeps the profile of its CPU time, for go tool pprof.
func (b *bench) profile(w *work, label string, p *proxy) error {
	if b.profiles == "" || peers[label] == nil || peers[label].program != "" {
		return nil
	}
	taken := make(chan error, 1)
	go func() {
		url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", p.Admin, max(1, int(b.turnTime.Seconds())))
		taken <- download(url, filepath.Join(b.profiles, w.name+"-"+strings.ReplaceAll(label, " ", "-")+".pprof"))
	}()
	_, err := b.turn(w, p)
	return errors.Join(err, <-taken)
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

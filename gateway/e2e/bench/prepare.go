package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"text/template"
)

// prepare builds what is measured, and starts load generator and backends.
func (b *bench) prepare() error {
	if n := runtime.NumCPU(); n < 2 {
		return fmt.Errorf("two cores are needed, here is %d", n)
	}
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return err
	}
	b.root = filepath.Dir(strings.TrimSpace(string(mod)))
	if b.ficus == "" {
		b.ficus = filepath.Join(b.dir, "ficus")
		if said, err := exec.Command("go", "build", "-o", b.ficus, "ficus/gateway").CombinedOutput(); err != nil {
			return fmt.Errorf("building ficus: %w: %s", err, said)
		}
	}
	if err := b.writeSecrets(); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for i, name := range names {
		delay := "0s"
		if name == "slow" {
			delay = "200ms"
		}
		if b.backends[i], err = start(loadCore, filepath.Join(b.dir, name), nil, self, asBackend, name, delay, filepath.Join(b.dir, "files")); err != nil {
			return err
		}
		if err := b.backends[i].receive(&b.addresses[i]); err != nil {
			return err
		}
	}
	b.slow = b.addresses[len(names)-1]
	if b.load, err = start(loadCore, filepath.Join(b.dir, asLoad), nil, self, asLoad); err != nil {
		return err
	}
	// This program looks after edits, and must not disturb the proxy.
	return exec.Command("taskset", "-a", "-c", "-p", strconv.Itoa(loadCore), strconv.Itoa(os.Getpid())).Run()
}

func (b *bench) stop() {
	b.load.stop()
	for _, one := range b.backends {
		one.stop()
	}
}

// writeSecrets makes the tokens, the keys that verify them, and the bundle with Skipper's
// policy.
func (b *bench) writeSecrets() error {
	signer, err := newSigner()
	if err != nil {
		return err
	}
	if b.tokens, err = signer.tokens(connections); err != nil {
		return err
	}
	if b.keys, err = signer.keys(); err != nil {
		return err
	}
	policy, err := peerFiles.ReadFile("peers/skipper.rego")
	if err != nil {
		return err
	}
	filled, err := fill(string(policy), &setup{Keys: b.keys})
	if err != nil {
		return err
	}
	bundle, err := pack("policy.rego", filled)
	return errors.Join(err, replace(filepath.Join(b.dir, "keys.json"), b.keys), replace(filepath.Join(b.dir, "files", "bundle.tar.gz"), bundle))
}

// pack is an OPA bundle of one file.
func pack(name, text string) (string, error) {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	archive := tar.NewWriter(zip)
	err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))})
	_, failed := archive.Write([]byte(text))
	err = errors.Join(err, failed, archive.Close(), zip.Close())
	return out.String(), err
}

// all does all works that were chosen.
func (b *bench) all() (*report, error) {
	r := &report{Command: command(), Machine: machine(), Rounds: b.rounds, Turn: b.turnTime.String()}
	for _, w := range b.works() {
		if !b.chosen.MatchString(w.name) {
			continue
		}
		s, err := b.contest(w)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		if len(s.labels) == 0 {
			continue
		}
		r.Works, r.Goals = append(r.Works, s), append(r.Goals, w.goals(s)...)
	}
	var err error
	if b.chosen.MatchString("edits") {
		if r.Edited, err = b.editTables(); err != nil {
			return nil, fmt.Errorf("edits: %w", err)
		}
		r.Goals = append(r.Goals, editGoals(r.Edited)...)
	}
	if b.chosen.MatchString("crowd") {
		if r.Crowded, err = b.crowd(); err != nil {
			return nil, fmt.Errorf("crowd: %w", err)
		}
		r.Goals = append(r.Goals, crowdGoals(r.Crowded)...)
	}
	return r, nil
}

// command is how the program was called.
func command() string {
	text := "go run ./gateway/e2e/bench"
	flag.Visit(func(f *flag.Flag) {
		if f.Name != "ficus" && f.Name != "before" && f.Name != "profiles" { // places on this machine
			text += fmt.Sprintf(" -%s %s", f.Name, f.Value)
		}
	})
	return text
}

// write writes the page.
func (r *report) write(path string) error {
	t, err := template.New("page").Parse(page)
	if err != nil {
		return err
	}
	var out strings.Builder
	if err := t.Execute(&out, r); err != nil {
		return err
	}
	text := strings.TrimRight(out.String(), "\n") + "\n"
	if path == "" {
		_, err = os.Stdout.WriteString(text)
		return err
	}
	return replace(path, text)
}

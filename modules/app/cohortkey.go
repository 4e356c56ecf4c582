package app

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"ficus/gateway/split"
)

// cohortKey takes the key from the settings, else from the state folder, where
// the first start leaves a random one: with another key every client would fall
// into another cohort.
func cohortKey(s settings) (*split.Key, error) {
	if s.cohortKey != "" {
		return split.NewKey(s.cohortKey), nil
	}
	key, err := ReadCohortKey(s.state)
	if errors.Is(err, fs.ErrNotExist) {
		if err = createCohortKey(cohortKeyPath(s.state)); err == nil {
			key, err = ReadCohortKey(s.state)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the cohort key (set cohort_key where the state folder can't be written): %w", err)
	}
	return key, nil
}

// DefaultState is the state folder of a gateway that is given none.
func DefaultState() string { return filepath.Join(caddy.AppDataDir(), "ficus") }

func cohortKeyPath(state string) string { return filepath.Join(state, "cohort.key") }

// ReadCohortKey reads the key that a gateway left in its state folder. The error is
// fs.ErrNotExist where there is none.
func ReadCohortKey(state string) (*split.Key, error) {
	path := cohortKeyPath(state)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var key split.Key
	n, err := hex.Decode(key[:], []byte(strings.TrimSpace(string(text))))
	if err != nil || n != len(key) {
		return nil, fmt.Errorf("%s holds no key: want %d hexadecimal digits", path, 2*len(key))
	}
	return &key, nil
}

// createCohortKey writes a new key by link, so that of two gateways that start at
// once one wins and neither reads half a file.
func createCohortKey(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	var key split.Key
	_, _ = rand.Read(key[:]) // never fails (crypto/rand)
	temp, err := os.CreateTemp(filepath.Dir(path), "cohort.key.*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = fmt.Fprintln(temp, hex.EncodeToString(key[:]))
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

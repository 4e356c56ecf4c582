package issuer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"

	"ficus/gateway/statefile"
)

// A Store keeps the signing keys.
type Store interface {
	// Update replaces the keys by what change makes of them, as one step: what two
	// gateways do at once is done one after the other. It returns the keys that are there
	// then. change may be called again with other keys; it does not write to them.
	Update(ctx context.Context, change func([]Key) ([]Key, error)) ([]Key, error)
}

// A MemoryStore keeps keys as long as the process lives. Its zero value is empty; it is
// safe for concurrent use.
type MemoryStore struct {
	mu   sync.Mutex
	keys []Key
}

// Update implements [Store].
func (s *MemoryStore) Update(_ context.Context, change func([]Key) ([]Key, error)) ([]Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	after, err := change(slices.Clone(s.keys))
	if err == nil {
		s.keys = after
	}
	return after, err
}

// A FileStore keeps keys in a file that nobody else may read, for the gateways of one
// machine. It is safe for concurrent use.
type FileStore struct {
	path string
	mu   sync.Mutex
}

// NewFileStore returns a store in a file of a folder that exists, such as
// "<state>/identity-keys.json". The file is made at the first update; beside it is
// another, by which gateways exclude one another.
func NewFileStore(path string) *FileStore { return &FileStore{path: path} }

type keyFile struct {
	Keys []Key `json:"keys"`
}

// Update implements [Store].
func (s *FileStore) Update(ctx context.Context, change func([]Key) ([]Key, error)) ([]Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	unlock, err := lockFile(ctx, s.path+".lock")
	if err != nil {
		return nil, err
	}
	defer unlock()
	before, err := s.read()
	if err != nil {
		return nil, err
	}
	after, err := change(slices.Clone(before))
	if err != nil || slices.EqualFunc(before, after, sameKey) {
		return after, err
	}
	return after, statefile.ReplaceJSON(s.path, keyFile{after})
}

func sameKey(a, b Key) bool {
	return a.ID == b.ID && slices.Equal(a.Seed, b.Seed) && a.Signs.Equal(b.Signs)
}

func (s *FileStore) read() ([]Key, error) {
	info, err := os.Stat(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if othersMayRead(info) {
		return nil, fmt.Errorf("%s holds signing keys and others may read it: its mode is %#o, not 0600", s.path, info.Mode().Perm())
	}
	text, err := os.ReadFile(s.path)
	if err != nil {
		return nil, err
	}
	var file keyFile
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s holds no signing keys: %w", s.path, err)
	}
	for _, k := range file.Keys {
		if err := k.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", s.path, err)
		}
	}
	return file.Keys, nil
}

package statefile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "file")
	put := func(text string, fail error) error {
		return Replace(path, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return errors.Join(err, fail)
		})
	}
	if err := put("one", nil); err != nil {
		t.Fatal(err)
	}
	if err := put("half of two", io.ErrShortWrite); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("got %v", err)
	}
	if text, _ := os.ReadFile(path); string(text) != "one" {
		t.Errorf("after a failure the file holds %q", text)
	}
	if err := put("two", nil); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); string(text) != "two" {
		t.Errorf("the file holds %q", text)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

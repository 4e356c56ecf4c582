// Package statefile replaces files of the state folder: whoever reads one, and whatever
// fails meanwhile, a crash included, there is the old file or the new one.
package statefile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// Replace writes a file of mode 0600 in the place of the one at path, if there is one, and
// makes its folder, of mode 0700, if there is none.
func Replace(path string, write func(io.Writer) error) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(dir, filepath.Base(path)+".*.tmp") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // of no effect once it is renamed
	err = write(temp)
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return err
	}
	if entries, err := os.Open(dir); err == nil {
		defer entries.Close()
		_ = entries.Sync() // not every file system can
	}
	return nil
}

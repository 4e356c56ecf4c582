package traffic

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"ficus/gateway/statefile"
)

// JSONFile is a file of kills that people can read. The zero JSONFile keeps nothing.
type JSONFile string

// KillsIn names the file in a state folder.
func KillsIn(state string) JSONFile { return JSONFile(filepath.Join(state, "kills.json")) }

// maxFileSize bounds what is read, in bytes: more than the most kills can take.
const maxFileSize = 32 << 20

// Read returns the kills of the file.
func (f JSONFile) Read() ([]Kill, error) {
	if f == "" {
		return nil, nil
	}
	info, err := os.Stat(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFileSize {
		return nil, fmt.Errorf("%s is no file of kills", f)
	}
	text, err := os.ReadFile(string(f))
	if err != nil {
		return nil, err
	}
	var kills []Kill
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&kills); err != nil {
		return nil, fmt.Errorf("%s is no file of kills: %w", f, err)
	}
	return kills, nil
}

// Write replaces the file: whatever fails meanwhile, there is the old one or the new one.
func (f JSONFile) Write(kills []Kill) error {
	if f == "" {
		return nil
	}
	text, err := json.MarshalIndent(kills, "", "  ")
	if err != nil {
		return err
	}
	return statefile.Replace(string(f), func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

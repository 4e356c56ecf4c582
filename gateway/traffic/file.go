package traffic

import (
	"fmt"
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
	var kills []Kill
	if err := statefile.ReadJSON(string(f), maxFileSize, &kills); err != nil {
		return nil, fmt.Errorf("kills: %w", err)
	}
	return kills, nil
}

// Write replaces the file: whatever fails meanwhile, there is the old one or the new one.
func (f JSONFile) Write(kills []Kill) error {
	if f == "" {
		return nil
	}
	return statefile.ReplaceJSON(string(f), kills)
}

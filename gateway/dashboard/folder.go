package dashboard

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Difference is a file of a folder that is not as it would be made now.
type Difference struct {
	Path string `json:"path"`
	What string `json:"what"` // missing, changed, or left over from another time
}

// What a difference can be.
const (
	missing  = "missing"
	changed  = "changed"
	leftOver = "left over"
)

// Compare says what a folder has that is not as the files are. It looks at no others, but
// for boards and rules of Ficus' own that are not made any more.
func Compare(dir string, files []File) ([]Difference, error) {
	var list []Difference
	for _, f := range files {
		is, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.Path)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			list = append(list, Difference{f.Path, missing})
		case err != nil:
			return nil, err
		case !bytes.Equal(is, f.Data):
			list = append(list, Difference{f.Path, changed})
		}
	}
	for _, pattern := range []string{boardsFolder + "/ficus-*.json", rulesFolder + "/ficus-*.rules.yml"} {
		there, err := fs.Glob(os.DirFS(dir), pattern)
		if err != nil {
			return nil, err
		}
		for _, path := range there {
			if !slices.ContainsFunc(files, func(f File) bool { return f.Path == path }) {
				list = append(list, Difference{path, leftOver})
			}
		}
	}
	slices.SortFunc(list, func(a, b Difference) int { return strings.Compare(a.Path, b.Path) })
	return list, nil
}

// Write makes a folder as the files are, and returns what it changed. It touches no others,
// but for boards and rules of Ficus' own that are not made any more: those go.
func Write(dir string, files []File) ([]Difference, error) {
	differences, err := Compare(dir, files)
	if err != nil {
		return nil, err
	}
	for _, d := range differences {
		path := filepath.Join(dir, filepath.FromSlash(d.Path))
		i := slices.IndexFunc(files, func(f File) bool { return f.Path == d.Path })
		if i < 0 {
			err = os.Remove(path)
		} else if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
			err = os.WriteFile(path, files[i].Data, 0o644)
		}
		if err != nil {
			return nil, err
		}
	}
	return differences, nil
}

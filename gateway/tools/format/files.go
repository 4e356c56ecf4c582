package format

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aymanbagabas/go-udiff"

	"ficus/gateway/route"
	"ficus/gateway/routefile"
)

// A Result is what formatting one file comes to.
type Result struct {
	File     string         `json:"file"`
	Changed  bool           `json:"changed"`            // the file is not canonical
	Problems route.Problems `json:"problems,omitempty"` // why it can't be formatted
	Diff     string         `json:"diff,omitempty"`     // as asked for by [Result.AddDiff]

	before, after []byte
}

// Of formats one file, and writes nothing.
func Of(file routefile.File) Result {
	formatted, problems := Source(file)
	return Result{
		File: file.Name, Problems: problems, before: file.Data, after: formatted,
		Changed: problems == nil && !bytes.Equal(file.Data, formatted),
	}
}

// AddDiff fills in what changes, as a unified diff that patch takes.
func (r *Result) AddDiff() {
	if r.Changed {
		r.Diff = udiff.Unified(r.File+".orig", r.File, string(r.before), string(r.after))
	}
}

// Text returns the canonical text of a file that has no problems.
func (r *Result) Text() []byte { return r.after }

// Files reads the files that are named, and all route files of folders that are.
func Files(paths []string) ([]routefile.File, error) {
	var files []routefile.File
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return nil, err
		case !info.IsDir():
			file, err := readFile(path)
			if err != nil {
				return nil, err
			}
			files = append(files, file)
			continue
		}
		folder, problems := routefile.Read(os.DirFS(path), path)
		if problems.HasErrors() {
			return nil, problems
		}
		files = append(files, folder.Files...)
	}
	return files, nil
}

func readFile(path string) (routefile.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return routefile.File{}, err
	}
	defer f.Close()
	return Read(path, f)
}

// Read reads a file of that name from somewhere else, such as standard input.
func Read(name string, from io.Reader) (routefile.File, error) {
	data, err := io.ReadAll(io.LimitReader(from, routefile.MaxFileSize+1))
	if err == nil && len(data) > routefile.MaxFileSize {
		err = fmt.Errorf("%s: larger than %d MiB", name, routefile.MaxFileSize>>20)
	}
	return routefile.File{Name: name, Data: data}, err
}

// Write replaces the file by its canonical text if it is not that already: whole or
// not at all, with the mode it had. A link stays a link. It is an error if the file
// was changed since it was read.
func (r *Result) Write() error {
	if !r.Changed {
		return nil
	}
	path, err := filepath.EvalSymlinks(r.File)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".ficus-fmt-*") // readers of the folder pass over names with a dot
	if err != nil {
		return err
	}
	err = writeTo(temp, r.after, info.Mode().Perm())
	if err == nil {
		err = r.unchanged(path)
	}
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}

func writeTo(temp *os.File, data []byte, mode os.FileMode) error {
	_, err := temp.Write(data)
	return errors.Join(err, temp.Chmod(mode), temp.Sync(), temp.Close())
}

func (r *Result) unchanged(path string) error {
	now, err := os.ReadFile(path)
	if err == nil && !bytes.Equal(now, r.before) {
		err = fmt.Errorf("%s was changed by someone else in the meantime; it stays as it is", r.File)
	}
	return err
}

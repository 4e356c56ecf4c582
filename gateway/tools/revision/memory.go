package revision

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// memory is a folder in memory. The folders in it are empty but for that of policies:
// nothing looks into them.
type memory []*file

// file is a file of it, and what tells about the file.
type file struct {
	name string
	mode fs.FileMode
	data []byte
	err  error // why it can't be read

	inside memory // of a folder
}

func (f *file) Name() string       { return f.name }
func (f *file) Size() int64        { return int64(len(f.data)) }
func (f *file) Mode() fs.FileMode  { return f.mode }
func (f *file) ModTime() time.Time { return time.Time{} }
func (f *file) IsDir() bool        { return f.mode.IsDir() }
func (f *file) Sys() any           { return nil }

// Open opens a file or, as ".", the folder.
func (m memory) Open(name string) (fs.File, error) {
	refuse := func(err error) (fs.File, error) { return nil, &fs.PathError{Op: "open", Path: name, Err: err} }
	if !fs.ValidPath(name) {
		return refuse(fs.ErrInvalid)
	}
	if name == "." {
		return &openFile{file: &file{name: ".", mode: fs.ModeDir | 0o755}, rest: m.entries()}, nil
	}
	first, below, _ := strings.Cut(name, "/")
	for _, f := range m {
		switch {
		case f.name != first:
		case f.err != nil:
			return refuse(f.err)
		case below != "":
			return f.inside.Open(below)
		case f.IsDir():
			return &openFile{file: f, rest: f.inside.entries()}, nil
		default:
			return &openFile{file: f, content: bytes.NewReader(f.data)}, nil
		}
	}
	return refuse(fs.ErrNotExist)
}

func (m memory) entries() []fs.DirEntry {
	list := make([]fs.DirEntry, len(m))
	for i, f := range m {
		list[i] = fs.FileInfoToDirEntry(f)
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return list
}

// openFile is an open file or folder.
type openFile struct {
	file    *file
	content *bytes.Reader
	rest    []fs.DirEntry // of a folder, those not listed yet
}

func (o *openFile) Stat() (fs.FileInfo, error) { return o.file, nil }
func (o *openFile) Close() error               { return nil }

func (o *openFile) Read(p []byte) (int, error) {
	if o.file.IsDir() {
		return 0, &fs.PathError{Op: "read", Path: o.file.name, Err: errors.New("is a directory")}
	}
	return o.content.Read(p)
}

// ReadDir lists the next n entries, or all for 0 and less.
func (o *openFile) ReadDir(n int) ([]fs.DirEntry, error) {
	if !o.file.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: o.file.name, Err: errors.New("not a directory")}
	}
	if n <= 0 {
		n = len(o.rest)
	} else if len(o.rest) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(o.rest))
	list := o.rest[:n]
	o.rest = o.rest[n:]
	return list, nil
}

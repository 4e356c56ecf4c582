// Package routefile turns a folder of route files into a [route.Set]: it reads
// the files, parses them, gives every problem its file, line and column, and
// watches the folder for changes.
//
// Every "*.yaml" of the folder is read, and all of them together are one table. So are
// the policies in its folder "policies", for package authz to compile.
// Nothing is taken in part: package control swaps the table only when the whole
// folder is free of errors. All problems are reported at once.
//
// The package decides nothing about routes: what a pattern means, and whether
// two of them conflict, is known to package routetable.
package routefile

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"ficus/gateway/route"
)

// The largest route file that is read, and the largest folder, in bytes. Ten thousand
// routes take about 1.5 MB.
const (
	MaxFileSize   = 16 << 20
	MaxFolderSize = 64 << 20
)

// A File is one route file as read.
type File struct {
	Name string // as shown in problems: the folder's name and the file's
	Data []byte
}

// A Folder is the content of a route folder at one moment.
type Folder struct {
	Files    []File
	Policies []File // "*.rego" and data.json of the folder [PoliciesFolder]
}

// PoliciesFolder is where a route folder holds its policies.
const PoliciesFolder = "policies"

// Read reads all route files of fsys, and its policies. The name of the folder, such as
// "routes", stands before each file's name in problems. A file that can't be read is a
// problem; the others are read all the same.
func Read(fsys fs.FS, name string) (*Folder, route.Problems) {
	folder, problems := ReadYAML(fsys, name)
	if len(folder.Files) == 0 && len(problems) == 0 {
		problems = append(problems, route.Problem{
			Code: route.CodeRead, Origin: route.Origin{File: name},
			Message: "the folder holds no route file",
			Hint:    "add a file such as legacy.yaml that defines the backend legacy",
		})
	}
	policies, found := ReadPolicies(fsys, name)
	folder.Policies = policies
	return folder, append(problems, found...)
}

// ReadYAML reads a folder as Read does, whatever its files are about: it may be empty.
func ReadYAML(fsys fs.FS, name string) (*Folder, route.Problems) {
	files, problems := readFiles(fsys, ".", name, func(file string) (bool, *route.Problem) {
		ext := path.Ext(file)
		if ext == ".yaml" || !strings.EqualFold(ext, ".yml") && !strings.EqualFold(ext, ".yaml") {
			return ext == ".yaml", nil
		}
		return false, &route.Problem{
			Code: route.CodeRead, Severity: route.Warning, Origin: route.Origin{File: path.Join(name, file)},
			Message: "the file is not read: its name ends in " + ext,
			Hint:    "rename it to " + strings.TrimSuffix(file, ext) + ".yaml",
		}
	})
	return &Folder{Files: files}, problems
}

// ReadPolicies reads the policies of a route folder. One that has no folder of policies
// has none.
func ReadPolicies(fsys fs.FS, name string) ([]File, route.Problems) {
	if _, err := fs.Stat(fsys, PoliciesFolder); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return readFiles(fsys, PoliciesFolder, path.Join(name, PoliciesFolder), func(file string) (bool, *route.Problem) {
		return path.Ext(file) == ".rego" || file == "data.json", nil
	})
}

// readFiles reads the files of a folder that are wanted, shown under a name.
func readFiles(fsys fs.FS, dir, name string, wanted func(file string) (bool, *route.Problem)) ([]File, route.Problems) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, route.Problems{readProblem(name, err)}
	}
	var files []File
	var problems route.Problems
	room := MaxFolderSize
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") { // editors' temporary files, and the "..data" link of Kubernetes
			continue
		}
		want, problem := wanted(entry.Name())
		if problem != nil {
			problems = append(problems, *problem)
		}
		if !want {
			continue
		}
		shown := path.Join(name, entry.Name())
		data, err := readFile(fsys, path.Join(dir, entry.Name()), room)
		if err != nil {
			problems = append(problems, readProblem(shown, err))
			continue
		}
		room -= len(data)
		files = append(files, File{Name: shown, Data: data})
	}
	return files, problems
}

// errEmpty is what is left of a file by an editor that is about to write it, or by a
// crash that came too soon after: to serve without its routes can't be meant.
var errEmpty = errors.New("the file is empty")

// readFile reads a file if there is room for it. What is no regular file is not even
// opened: to open a pipe waits for who writes into it.
func readFile(fsys fs.FS, name string, room int) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	file, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, MaxFileSize+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) == 0:
		return nil, errEmpty
	case len(data) > MaxFileSize:
		return nil, fmt.Errorf("larger than %d MiB", MaxFileSize>>20)
	case len(data) > room:
		return nil, fmt.Errorf("with it the files of the folder are larger than %d MiB", MaxFolderSize>>20)
	}
	return data, nil
}

func readProblem(name string, err error) route.Problem {
	hint := ""
	switch {
	case errors.Is(err, fs.ErrPermission):
		hint = "let the user that the gateway runs as read it"
	case errors.Is(err, errEmpty):
		hint = "write it or remove it; with nothing but a comment in it, it may stay"
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return route.Problem{
		Code: route.CodeRead, Origin: route.Origin{File: name},
		Message: "reading: " + err.Error(), Hint: hint,
	}
}

// Hash identifies the content of the folder: equal hashes mean equal names and
// bytes of all files.
func (f *Folder) Hash() string {
	h := sha256.New()
	for _, file := range slices.Concat(f.Files, f.Policies) {
		fmt.Fprintf(h, "%s\x00%d\x00", file.Name, len(file.Data))
		h.Write(file.Data)
	}
	return hex.EncodeToString(h.Sum(nil))
}

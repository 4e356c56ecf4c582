package importer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"ficus/gateway/route"
)

// Limits of what an importer reads.
const (
	maxFile     = 4 << 20 // bytes, also of all files together
	maxIncludes = 1000    // files in all
	maxNesting  = 20      // includes inside includes
)

// ErrTooLarge says that a file is larger than anybody's configuration.
var ErrTooLarge = fmt.Errorf("larger than %d MiB", maxFile>>20)

func readFile(fsys fs.FS, name string) (string, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = ErrTooLarge
	}
	return string(data), err
}

// nginxLoader reads a file with all that it includes, as one tree.
type nginxLoader struct {
	b       *builder
	fsys    fs.FS
	folder  string // its absolute path, for includes that are absolute; may be empty
	shown   string // what stands before a file's name in places
	files   int
	size    int // of what was read
	nesting int
}

func (l *nginxLoader) load(name string) ([]directive, error) {
	text, err := readFile(l.fsys, name)
	if err != nil {
		return nil, err
	}
	if l.size += len(text); l.size > maxFile {
		return nil, fmt.Errorf("with what is read already it is %w", ErrTooLarge)
	}
	directives, err := parseNginx(path.Join(l.shown, name), text)
	if err != nil {
		return nil, err
	}
	return l.resolve(directives), nil
}

// resolve puts included files in the place of their includes.
func (l *nginxLoader) resolve(directives []directive) []directive {
	var out []directive
	for _, d := range directives {
		if d.name != "include" || len(d.args) != 1 {
			d.block = l.resolve(d.block)
			out = append(out, d)
			continue
		}
		out = append(out, l.include(d)...)
	}
	return out
}

// include reads the files of a pattern, which lies within the folder: relative to it, as
// nginx has it relative to the folder of nginx.conf.
func (l *nginxLoader) include(d directive) []directive {
	pattern := d.args[0]
	if inside, ok := strings.CutPrefix(pattern, strings.TrimSuffix(l.folder, "/")+"/"); ok && path.IsAbs(pattern) {
		pattern = inside
	}
	pattern = path.Clean(pattern)
	if !fs.ValidPath(pattern) {
		l.b.lose(d.place, "include %s: not read, it is not in the folder of the file", d.args[0])
		return nil
	}
	names, err := fs.Glob(l.fsys, pattern)
	if err != nil || len(names) == 0 {
		if !strings.ContainsAny(pattern, "*?[") || err != nil {
			l.b.lose(d.place, "include %s: there is no such file", d.args[0])
		}
		return nil
	}
	if l.nesting == maxNesting {
		l.b.lose(d.place, "include %s: not read, includes nest more than %d deep", d.args[0], maxNesting)
		return nil
	}
	l.nesting++
	defer func() { l.nesting-- }()
	var out []directive
	for _, name := range names {
		if l.files++; l.files > maxIncludes {
			l.b.lose(d.place, "include %s: not read, there are more than %d files", d.args[0], maxIncludes)
			break
		}
		directives, err := l.load(name)
		if err != nil {
			l.loseFile(d.place, name, err)
		}
		out = append(out, directives...)
	}
	return out
}

func (l *nginxLoader) loseFile(place route.Origin, name string, err error) {
	var syntax *syntaxError
	if errors.As(err, &syntax) {
		l.b.lose(syntax.place, "%s; the file is left out", syntax.message)
		return
	}
	l.b.lose(place, "include %s: %v", name, err)
}

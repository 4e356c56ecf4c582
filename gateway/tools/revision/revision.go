// Package revision opens folders of route files as they are on disk or as they were at
// a git revision. Of git it uses the program, and only commands that read.
package revision

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// A Folder is a folder of route files.
type Folder struct {
	Name string // "routes", or "HEAD~1:routes": revision and path in the repository
	FS   fs.FS
}

// A Place is where folders and revisions are looked for.
type Place struct {
	Dir    string // where relative paths begin and git is run; "" is the working folder
	Folder string // path of the route files, for a revision that comes without one
}

// Open opens a folder or, where there is none of that name, what git calls so:
// "HEAD~1", "main", or with a path from the repository's top "v1:deploy/routes".
func (p Place) Open(ctx context.Context, name string) (Folder, error) {
	on := filepath.Join(p.Dir, name)
	if filepath.IsAbs(name) {
		on = name
	}
	if info, err := os.Stat(on); err == nil && info.IsDir() && name != "" {
		return Folder{Name: name, FS: os.DirFS(on)}, nil
	}
	return p.openRevision(ctx, name)
}

func (p Place) openRevision(ctx context.Context, name string) (Folder, error) {
	revision, folder, hasFolder := cutRevision(name)
	if revision == "" || strings.HasPrefix(revision, "-") {
		return Folder{}, fmt.Errorf("%q is neither a folder nor a git revision", name)
	}
	git := git{ctx: ctx, dir: p.Dir}
	prefix, err := git.line("rev-parse", "--show-prefix")
	if err != nil {
		return Folder{}, fmt.Errorf("%q is no folder, and as a git revision it can't be read: %w", name, err)
	}
	commit, err := git.line("rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
	if err != nil {
		return Folder{}, fmt.Errorf("%q is neither a folder nor a git revision", name)
	}
	if !hasFolder {
		if folder, err = p.relative(); err != nil {
			return Folder{}, err
		}
	}
	if first, _, _ := strings.Cut(folder, "/"); !hasFolder || first == "." || first == ".." { // as git reads it
		folder = path.Join(prefix, folder)
	}
	if folder = path.Clean(folder); folder == ".." || strings.HasPrefix(folder, "../") {
		return Folder{}, fmt.Errorf("%s: %s is outside of the repository", name, folder)
	}
	if folder == "." {
		folder = "" // the top, to git
	}
	shown := revision + ":" + folder
	files, err := git.folder(commit, folder)
	if err != nil {
		return Folder{}, fmt.Errorf("%s: %w", shown, err)
	}
	return Folder{Name: shown, FS: files}, nil
}

// relative returns the path of the route files from where git is run.
func (p Place) relative() (string, error) {
	if !filepath.IsAbs(p.Folder) {
		return filepath.ToSlash(p.Folder), nil
	}
	dir, err := filepath.Abs(p.Dir)
	if err != nil {
		return "", err
	}
	relative, err := filepath.Rel(dir, p.Folder)
	return filepath.ToSlash(relative), err
}

// cutRevision cuts "REVISION:PATH" at the first colon that is not inside of braces,
// where a revision may have one too: "HEAD^{/fix: a bug}", "main@{12:30}".
func cutRevision(name string) (revision, folder string, hasFolder bool) {
	depth := 0
	for i, c := range name {
		switch {
		case c == '{':
			depth++
		case c == '}':
			depth--
		case c == ':' && depth <= 0:
			return name[:i], name[i+1:], true
		}
	}
	return name, "", false
}

// git runs the program.
type git struct {
	ctx context.Context
	dir string
}

func (g git) command(args ...string) *exec.Cmd {
	c := exec.CommandContext(g.ctx, "git", args...)
	c.Dir = g.dir
	c.Env = append(os.Environ(), "LC_ALL=C", "GIT_TERMINAL_PROMPT=0")
	return c
}

// line returns the one line that a command prints.
func (g git) line(args ...string) (string, error) {
	out, err := g.command(args...).Output()
	return strings.TrimSuffix(string(out), "\n"), told(err)
}

// told returns an error that says what git said.
func told(err error) error {
	var exit *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("git is not installed")
	case errors.As(err, &exit) && len(exit.Stderr) > 0:
		first, _, _ := strings.Cut(string(exit.Stderr), "\n")
		return errors.New("git: " + strings.TrimPrefix(first, "fatal: "))
	}
	return err
}

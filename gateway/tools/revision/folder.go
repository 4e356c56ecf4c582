package revision

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"ficus/gateway/routefile"
)

// folder reads one folder of a commit, with its policies; "" is the top. The content of
// files that are neither is not read.
func (g git) folder(commit, name string) (memory, error) {
	out, err := g.command("ls-tree", "-z", "--full-tree", commit+":"+name).Output()
	if err != nil {
		return nil, errors.New("the revision has no such folder")
	}
	var files memory
	for _, line := range strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if about, called, ok := strings.Cut(line, "\t"); ok {
			files = append(files, &file{name: called, mode: modeOf(about)})
		}
	}
	at := strings.TrimPrefix(name+"/", "/")
	for _, f := range files {
		if f.name == routefile.PoliciesFolder && f.IsDir() {
			if f.inside, err = g.folder(commit, at+f.name); err != nil {
				return nil, err
			}
		}
	}
	return files, g.fill(files, commit+":"+at)
}

// modeOf reads "100644 blob <object>".
func modeOf(about string) fs.FileMode {
	switch {
	case strings.HasPrefix(about, "100755"):
		return 0o755
	case strings.HasPrefix(about, "100"), strings.HasPrefix(about, "120000"): // a link is followed
		return 0o644
	}
	return fs.ModeDir | 0o755 // a folder, or a repository inside of this one
}

// fill reads the route files, all with one process.
func (g git) fill(files memory, before string) error {
	var wanted []*file
	var names strings.Builder
	for _, f := range files {
		switch {
		case f.mode.IsDir() || path.Ext(f.name) != ".yaml" && path.Ext(f.name) != ".rego" && f.name != "data.json":
		case strings.Contains(f.name, "\n"):
			f.err = errors.New("the name holds a line break")
		default:
			wanted = append(wanted, f)
			names.WriteString(before + f.name + "\n")
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	c := g.command("cat-file", "--batch", "--follow-symlinks")
	c.Stdin = strings.NewReader(names.String())
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return told(err)
	}
	in := bufio.NewReader(out)
	for _, f := range wanted {
		if err = f.read(in); err != nil {
			break
		}
	}
	_, _ = io.Copy(io.Discard, in)
	return errors.Join(err, told(c.Wait()))
}

// read reads one answer of cat-file: "<object> blob <size>", the content and a line
// feed, or why there is none: "dangling <size>", the name asked for and a line feed.
func (f *file) read(in *bufio.Reader) error {
	header, err := in.ReadString('\n')
	if err != nil {
		return fmt.Errorf("reading %s: %w", f.name, err)
	}
	fields := strings.Fields(header)
	last := len(fields) - 1
	if last < 1 || fields[last] == "missing" {
		f.err = errors.New("the revision does not hold it")
		return nil
	}
	size, err := strconv.ParseInt(fields[last], 10, 64)
	if err != nil {
		return fmt.Errorf("reading %s: git says %q", f.name, strings.TrimSpace(header))
	}
	if f.data, err = io.ReadAll(io.LimitReader(in, min(size, routefile.MaxFileSize+1))); err == nil {
		_, err = io.CopyN(io.Discard, in, size-int64(len(f.data))+1)
	}
	switch {
	case err != nil:
		return fmt.Errorf("reading %s: %w", f.name, err)
	case last == 2 && fields[1] == "tree":
		f.data, f.mode = nil, fs.ModeDir|0o755
	case last < 2 || fields[1] != "blob":
		f.err = fmt.Errorf("the symbolic link leads nowhere in the revision (%s)", fields[0])
	}
	return nil
}

package control

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"ficus/gateway/route"
	"ficus/gateway/routefile"
)

// Try says what would be wrong if the route folder had one more file: only what is not
// wrong without it. Nothing is written, and what serves stays.
func (t *Tables) Try(name string, text []byte) route.Problems {
	folder, unread := routefile.Read(t.FS, t.Name)
	from := policySource{set: t.Status().Policies, elsewhere: t.Remote != nil}
	known := map[string]bool{}
	for _, p := range new(memory).judge(folder, unread, t.Lookup, t.Now(), from).Problems {
		known[p.String()] = true
	}
	folder.Files = append(slices.Clone(folder.Files), routefile.File{Name: path.Join(t.Name, name), Data: text})
	return slices.DeleteFunc(new(memory).judge(folder, unread, t.Lookup, t.Now(), from).Problems, func(p route.Problem) bool { return known[p.String()] })
}

// maxWritten bounds how much is shown of what stands at one place, in lines.
const maxWritten = 200

// Written returns the lines of the route file that an entry was written in: those of the
// entry alone, as they are in the folder now, and the number of the first.
func (t *Tables) Written(o route.Origin) (lines []string, first int, err error) {
	name, ok := strings.CutPrefix(o.File, t.Name+"/")
	if !ok || o.Line == 0 {
		return nil, 0, fs.ErrNotExist
	}
	text, err := fs.ReadFile(t.FS, name)
	if err != nil {
		return nil, 0, err
	}
	all := strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	if o.Line > len(all) {
		return nil, 0, fs.ErrNotExist
	}
	end := o.Line
	for end < len(all) && end-o.Line < maxWritten && within(all[end], o.Column) {
		end++
	}
	for end > o.Line && strings.TrimSpace(all[end-1]) == "" {
		end--
	}
	return all[o.Line-1 : end], o.Line, nil
}

// within reports whether a line goes on with what begins at a column: it is indented as
// far, or empty.
func within(line string, column int) bool {
	text := strings.TrimLeft(line, " ")
	return text == "" || len(line)-len(text) >= column-1 && column > 1
}

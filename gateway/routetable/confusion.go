package routetable

import (
	"slices"
	"strings"

	"ficus/gateway/route"
)

// Unambiguous looks at the ways in which a backend may read the raw path of a request
// that e owns, r being what the table was asked. ok is false where one of them belongs to
// an entry that another policy guards. Else own are the canonical paths of e that the
// path may be read as too: its policy has to allow them all.
//
// Beside [Readings], which are other paths to whoever is careful, backends take paths for
// one that their operators call different: with a slash at the end and without, in other
// case, with a format or the name of an index file at the end, or behind the name of a
// script. Such a twin only counts where a policy guards it that says more about it than
// the entry does: in a table with /docs/ for everybody and a policy for all the rest, /docs/
// is not refused because of /docs.
//
// A path with none of the bytes that make other readings costs one match more, or two
// where a pattern of the table has capitals; and allocates nothing.
func (t *Table) Unambiguous(e *Entry, raw string, r Request) (own []string, ok bool) {
	if e.Paths == route.ExactReading {
		return nil, true
	}
	c := confusion{table: t, entry: e}
	first := r.Path
	paths, ok := variants(raw)
	if !ok {
		return nil, false
	}
	for _, p := range paths {
		r.Path = p
		other := t.Match(&r)
		if other != e && c.differs(&r, other) || !c.alone(&r, p) {
			return nil, false
		}
		if other == e {
			own = append(own, p)
		}
	}
	if !c.alone(&r, first) {
		return nil, false
	}
	return t.inLowerCase(e, &r, first, own), true
}

// confusion is an entry and who may be taken for it.
type confusion struct {
	table *Table
	entry *Entry
	index hostIndex // that is asked who owns a twin
}

// differs reports whether a request is decided otherwise by another entry.
func (c *confusion) differs(r *Request, other *Entry) bool {
	e := c.entry
	if guarded := r.guardedBy(other); !guarded || !r.guardedBy(e) {
		return guarded != r.guardedBy(e)
	}
	return other.Policy != e.Policy || other.Mode != e.Mode
}

// inLowerCase adds the paths in lower case where {name...} takes them: a policy may look
// at them as paths. What {name} takes is a value, which has its case.
func (t *Table) inLowerCase(e *Entry, r *Request, first string, own []string) []string {
	if n := len(e.Pattern.segments); n > 0 && e.Pattern.segments[n-1].kind != rest {
		return own
	}
	for i := -1; i < len(own); i++ {
		p := first
		if i >= 0 {
			p = own[i]
		}
		r.Path = lower(p)
		if r.Path != first && !slices.Contains(own, r.Path) && t.Match(r) == e {
			own = append(own, r.Path)
		}
	}
	return own
}

// alone reports whether no twin of a path, in any case, is guarded by what says more about
// it than e.
func (c *confusion) alone(r *Request, p string) bool {
	c.index = c.table.hosts
	if !c.aloneInCase(r, p) {
		return false
	}
	if c.table.folded != nil {
		c.index = c.table.folded
	} else if !hasUpper(p) {
		return true
	}
	return c.aloneInCase(r, lower(p))
}

func (c *confusion) aloneInCase(r *Request, p string) bool {
	if strings.IndexByte(p, '.') < 0 {
		return c.aloneAtEnd(r, p)
	}
	if !c.aloneBehind(r, p) {
		return false
	}
	found, begin := 0, 0 // begin is that of a segment
	for i := 1; i < len(p); i++ {
		if p[i] != '/' {
			continue
		}
		before, name := p[:begin], p[begin:i]
		if begin = i; !isScript(name) {
			continue
		}
		if found++; found > maxScripts { // /admin.php/x and /index.php/admin
			return false
		}
		if !c.aloneBehind(r, p[:i]) || !c.aloneBehind(r, before+p[i:]) {
			return false
		}
	}
	return true
}

// scripts are the formats of what servers run and give the rest of the path to.
var scripts = []string{".php", ".phtml", ".asp", ".aspx", ".ashx", ".asmx", ".svc", ".cgi", ".fcgi", ".pl", ".py", ".cfm", ".dll"}

func isScript(name string) bool {
	i := strings.LastIndexByte(name, '.')
	return i > 1 && slices.ContainsFunc(scripts, func(s string) bool { return strings.EqualFold(name[i:], s) })
}

// maxScripts bounds how many names of scripts are looked at. A path with more was made to
// have them.
const maxScripts = 4

// aloneBehind looks at the path without format or index file, too.
func (c *confusion) aloneBehind(r *Request, p string) bool {
	if !c.aloneAtEnd(r, p) {
		return false
	}
	bare := strings.TrimSuffix(p, "/")
	begin := strings.LastIndexByte(bare, '/') + 1
	for i, dots := begin+1, 0; i < len(bare) && dots < maxFormats; i++ {
		if bare[i] != '.' { // a dot that begins the name is no format
			continue
		}
		dots++
		if !c.aloneAtEnd(r, bare[:i]) {
			return false
		}
		if name := bare[begin:i]; dots == 1 && (strings.EqualFold(name, "index") || strings.EqualFold(name, "default")) && !c.aloneAtEnd(r, bare[:begin]) {
			return false
		}
	}
	return true
}

// maxFormats bounds how many dots of a name are looked at. Which of them begins a format
// depends on which are escaped.
const maxFormats = 8

// aloneAtEnd looks at a path with a slash at its end and without.
func (c *confusion) aloneAtEnd(r *Request, p string) bool {
	bare := strings.TrimSuffix(p, "/")
	if bare != "" {
		r.Path = bare
		if c.guarded(r) {
			return false
		}
	}
	r.Path, r.slash = bare, true
	guarded := c.guarded(r)
	r.slash = false
	return !guarded
}

// guarded reports whether what owns r is nearer to it than e and guarded by another policy.
func (c *confusion) guarded(r *Request) bool {
	found := c.index.match(r)
	if found == nil { // the default entry says nothing of a path
		return false
	}
	other := c.table.Entries[found.Index]
	return other != c.entry && other.Mode == route.Enforce && r.guardedBy(other) && nearer(other.Pattern, c.entry.Pattern) && c.differs(r, other)
}

// nearer reports whether p says more about a path than q: the first segment decides of
// which they do not say as much.
func nearer(p, q Pattern) bool {
	for i := 0; ; i++ {
		a, b := p.says(i), q.says(i)
		if a != b || a <= saysEnd {
			return a > b
		}
	}
}

// How much a pattern says of a segment.
const (
	saysNothing = iota
	saysEnd     // here it ends
	saysThere   // there is one
	saysWhich
)

func (p Pattern) says(i int) int {
	switch {
	case p.text == "":
		return saysNothing
	case i == len(p.segments):
		return saysEnd
	}
	switch p.segments[i].kind {
	case literal:
		return saysWhich
	case wildcard:
		return saysThere
	case slashEnd:
		return saysEnd
	}
	return saysNothing
}

// folded returns an index of entries that stand for others, with patterns in lower case,
// nil where the others are in lower case or unguarded. Of two that become one, that comes
// first which a policy guards.
func folded(entries []*Entry) hostIndex {
	upper, guarded := false, false
	for _, e := range entries {
		guarded = guarded || e.Guarded()
		upper = upper || slices.ContainsFunc(e.Pattern.segments, func(s segment) bool { return s.kind == literal && hasUpper(s.text) })
	}
	if !upper || !guarded {
		return nil
	}
	index := hostIndex{}
	for _, first := range []bool{true, false} {
		for _, e := range entries {
			if e.Guarded() != first || e.Pattern.text == "" {
				continue
			}
			p := e.Pattern
			p.segments = slices.Clone(p.segments)
			for i, s := range p.segments {
				if s.kind == literal {
					p.segments[i].text = lower(s.text)
				}
			}
			small := *e
			small.Pattern, small.rivals = p, nil
			index.insert(&small)
		}
	}
	return index
}

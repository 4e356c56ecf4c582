package identity

// A foldedSet is names of headers or cookies as backends could take them for one another:
// CGI, WSGI and PHP turn "-", "." and " " into "_", and most of them do not tell case
// apart. All bytes but ASCII letters and digits are one to it.
type foldedSet struct {
	names   map[string]bool
	lengths uint64 // bit n: a name has n bytes
}

// maxName is how long a name in a set may be.
const maxName = 63 // bytes

func newFoldedSet(names []string) foldedSet {
	s := foldedSet{names: map[string]bool{}}
	for _, name := range names {
		var room [maxName]byte
		folded := fold(&room, name)
		s.names[string(folded)] = true
		s.lengths |= 1 << len(folded)
	}
	return s
}

// has tells whether a name folds to one of the set's. It does not allocate, and looks at
// no name's bytes whose length none has.
func (s *foldedSet) has(name string) bool {
	name = trimSpaceLike(name)
	if len(name) > maxName || s.lengths&(1<<len(name)) == 0 {
		return false
	}
	var room [maxName]byte
	return s.names[string(fold(&room, name))]
}

func fold(room *[maxName]byte, name string) []byte {
	name = trimSpaceLike(name)
	for i := range len(name) {
		room[i] = foldByte(name[i])
	}
	return room[:len(name)]
}

func foldByte(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return c + 'a' - 'A'
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		return c
	}
	return '-'
}

// foldsTo tells whether a name folds to one that is folded and as long.
func foldsTo(name, folded string) bool {
	for i := range len(folded) {
		if foldByte(name[i]) != folded[i] {
			return false
		}
	}
	return true
}

// trimSpaceLike cuts blanks and control bytes from both ends.
func trimSpaceLike(name string) string {
	for len(name) > 0 && (name[0] <= ' ' || name[0] == 0x7f) {
		name = name[1:]
	}
	for len(name) > 0 && (name[len(name)-1] <= ' ' || name[len(name)-1] == 0x7f) {
		name = name[:len(name)-1]
	}
	return name
}

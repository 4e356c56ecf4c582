package parity

import "strings"

// places are JSON pointers (RFC 6901) in which "*" is any key, as seen from one place of a
// body: each is a tree of the keys that lead on. At first it is one tree, of all pointers;
// with "*" and a key side by side there may be several. nil: no pointer leads further.
type places []*step

type step struct {
	end  bool // a pointer ends here
	any  *step
	keys map[string]*step
}

func compilePlaces(pointers []string) places {
	if len(pointers) == 0 {
		return nil
	}
	root := &step{}
	for _, pointer := range pointers {
		s := root
		for _, key := range splitPointer(pointer) {
			s = s.next(key)
		}
		s.end = true
	}
	return places{root}
}

// splitPointer returns the keys of a pointer, which begins with a slash.
func splitPointer(pointer string) []string {
	keys := strings.Split(pointer, "/")[1:]
	for i, key := range keys {
		keys[i] = unescapeKey.Replace(key)
	}
	return keys
}

// unescapeKey replaces from left to right, so that "~01" is "~1" (RFC 6901, 4).
var unescapeKey = strings.NewReplacer("~1", "/", "~0", "~")

func (s *step) next(key string) *step {
	if key == "*" {
		if s.any == nil {
			s.any = &step{}
		}
		return s.any
	}
	if s.keys == nil {
		s.keys = map[string]*step{}
	}
	if s.keys[key] == nil {
		s.keys[key] = &step{}
	}
	return s.keys[key]
}

// under goes on by one key, and reports whether a pointer ends there.
func (p places) under(key string) (inner places, ends bool) {
	for _, s := range p {
		for _, next := range []*step{s.any, s.keys[key]} {
			if next != nil {
				inner, ends = append(inner, next), ends || next.end
			}
		}
	}
	return inner, ends
}

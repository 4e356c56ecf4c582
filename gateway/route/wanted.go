package route

import (
	"errors"
	"fmt"
	"strings"
)

// Wanted is a text that a condition looks for: itself, with a "*" at its end
// whatever begins so. The empty Wanted is no condition.
type Wanted string

// UnmarshalText reads a wanted text as written in a route file.
func (w *Wanted) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return errors.New("the value is empty: write \"*\" for any")
	}
	if i := strings.IndexByte(string(text), '*'); i >= 0 && i < len(text)-1 {
		return fmt.Errorf("%q: a * stands only at the end", text)
	}
	*w = Wanted(text)
	return nil
}

// Matches reports whether a value is what is wanted.
func (w Wanted) Matches(value string) bool {
	if prefix, any := strings.CutSuffix(string(w), "*"); any {
		return strings.HasPrefix(value, prefix)
	}
	return value == string(w)
}

// Excludes reports whether no value is both what w and what other want.
func (w Wanted) Excludes(other Wanted) bool {
	a, anyA := strings.CutSuffix(string(w), "*")
	b, anyB := strings.CutSuffix(string(other), "*")
	switch {
	case anyA && anyB:
		return !strings.HasPrefix(a, b) && !strings.HasPrefix(b, a)
	case anyA:
		return !strings.HasPrefix(b, a)
	case anyB:
		return !strings.HasPrefix(a, b)
	}
	return a != b
}

// Sample returns a value that is wanted.
func (w Wanted) Sample() string {
	if prefix, any := strings.CutSuffix(string(w), "*"); any {
		return prefix + "1"
	}
	return string(w)
}

package identity

import (
	"strings"
	"testing"
)

func TestFoldedSet(t *testing.T) {
	s := newFoldedSet([]string{"Ficus-Identity", "x_user"})
	for name, want := range map[string]bool{
		"Ficus-Identity": true, "ficus-identity": true, "FICUS_IDENTITY": true, "ficus.identity": true, "Ficus Identity": true,
		"Ficus-Identity ": true, "\tFicus-Identity": true, "Ficus-Identity\x00": true, "Ficus~Identity": true, "Ficus\x00Identity": true,
		"X-User": true, "x_user": true, "X.USER": true,
		"Ficus-Identity2": false, "FicusIdentity": false, "Ficus--Identity": false, "X-Users": false, "": false, " ": false,
		strings.Repeat("x", 64): false, strings.Repeat("x", 1000): false,
	} {
		if s.has(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

package gatewaytest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Part returns the part of a document, such as "docs/FAULTS.md", that stands between two
// marks. With update it is made to be what a test has found true first.
func Part(t testing.TB, document, begins, ends, isTrue string, update bool) string {
	t.Helper()
	path := filepath.Join(Root(t), filepath.FromSlash(document))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begun := strings.Cut(string(text), begins)
	part, after, ended := strings.Cut(rest, ends)
	if !begun || !ended {
		t.Fatalf("%s has no part between %q and %q", document, begins, ends)
	}
	if !update {
		return part
	}
	if err := os.WriteFile(path, []byte(before+begins+isTrue+ends+after), 0o644); err != nil { //nolint:gosec // the test names the document
		t.Fatal(err)
	}
	return isTrue
}

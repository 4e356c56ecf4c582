package statefile

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "numbers.json")
	numbers := []int{7}
	if err := ReadJSON(path, 100, &numbers); err != nil || !slices.Equal(numbers, []int{7}) {
		t.Errorf("without a file: %v, %v", numbers, err)
	}
	if err := ReplaceJSON(path, []int{1, 2}); err != nil {
		t.Fatal(err)
	}
	if err := ReadJSON(path, 100, &numbers); err != nil || !slices.Equal(numbers, []int{1, 2}) {
		t.Errorf("read %v, %v", numbers, err)
	}
	if err := ReadJSON(path, 5, &numbers); err == nil || !strings.Contains(err.Error(), "at most 5 bytes") {
		t.Errorf("a file that is too large: %v", err)
	}
	if err := ReadJSON(filepath.Dir(path), 100, &numbers); err == nil {
		t.Error("a folder was read")
	}
}

func TestReadJSONOfOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "value.json")
	for text, want := range map[string]string{
		`{"a": 1`:              "unexpected EOF",
		`{"a": 1} {}`:          "follows",
		`{"a": 1, "later": 2}`: `unknown field "later"`,
		`[]`:                   "cannot unmarshal array",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var value struct{ A int }
		if err := ReadJSON(path, 100, &value); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

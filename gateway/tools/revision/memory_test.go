package revision

import (
	"io/fs"
	"testing"
	"testing/fstest"
)

func TestMemoryIsAFileSystem(t *testing.T) {
	m := memory{
		{name: "b.yaml", mode: 0o644, data: []byte("b")},
		{name: "a.yaml", mode: 0o644, data: []byte("a")},
		{name: "policies", mode: fs.ModeDir | 0o755},
	}
	if err := fstest.TestFS(m, "a.yaml", "b.yaml", "policies"); err != nil {
		t.Error(err)
	}
}

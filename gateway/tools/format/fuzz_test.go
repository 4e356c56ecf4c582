package format

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ficus/gateway/routefile"
)

// Whatever text it gets, the formatter keeps what it says or refuses for a reason
// that lies in the text.
func FuzzSource(f *testing.F) {
	for _, pattern := range []string{"../../../routes/*.yaml", "../../control/testdata/check/*/*.yaml", "testdata/format/*.yaml"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			f.Fatalf("%s: %v", pattern, err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file := routefile.File{Name: "routes/a.yaml", Data: data}
		if _, _, problem := routefile.Tree(file); problem != nil {
			return
		}
		formatted, problems := Source(file)
		if problems == nil {
			checkFormatted(t, string(data), string(formatted))
			return
		}
		if strings.Contains(problems[0].Message, "formatting would change") {
			t.Fatalf("%s\n---\n%q", problems.Text(), data)
		}
	})
}

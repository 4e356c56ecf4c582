// Package archtest holds the house rules about who may import whom, as a test, each
// with its reason.
package archtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// never lists what the packages under a folder must not import, tests aside.
var never = []struct {
	folder string   // packages in it and below
	except []string // but not these
	what   []string // import paths: these and what lies below
	why    string
}{
	{"gateway", []string{"gateway", "gateway/gatewaytest"}, []string{"github.com/caddyserver/caddy"},
		"the library is plain Go; Caddy's skin is modules/"},
	{"gateway", []string{"gateway", "gateway/gatewaytest"}, []string{"ficus/modules"},
		"modules stand on the gateway, not the other way round"},
	{"gateway/route", nil, []string{"ficus"},
		"the vocabulary stands on nothing"},
	{"gateway/pipeline", nil, []string{"ficus/gateway/control", "ficus/gateway/routefile"},
		"the data plane never waits for the control plane"},
	{"gateway/control", nil, []string{"ficus/gateway/pipeline", "ficus/gateway/backend"},
		"the control plane hands tables over; it does not reach into the data plane"},
	{"gateway/routetable", nil, []string{"ficus/gateway/routefile", "ficus/gateway/backend"},
		"a table knows neither where it was written nor what it opens"},
	{"gateway/rewrite", nil, []string{"ficus/gateway/pipeline", "ficus/gateway/control", "ficus/gateway/backend", "ficus/gateway/routefile"},
		"a rewrite knows route and table: the data plane applies it, the tools show it, and both get the same"},
	{"gateway/parity", nil, []string{"ficus/gateway/shadow", "ficus/gateway/pipeline", "ficus/gateway/telemetry"},
		"parity compares: who asks, counts and decides are others"},
	{"gateway/shadow", nil, []string{"ficus/gateway/pipeline", "ficus/gateway/control", "ficus/gateway/resilience"},
		"copies know nothing of live requests: the pipeline hands them over"},
	{"gateway", []string{"gateway/demo"}, []string{"ficus/legacy-stub", "ficus/newservices"},
		"only the demo knows the shop"},
	{"legacy-stub", nil, []string{"ficus/gateway", "ficus/modules", "ficus/newservices", "ficus/routes"},
		"the monolith knows nothing of what replaces it"},
	{"newservices", nil, []string{"ficus/gateway", "ficus/modules", "ficus/legacy-stub", "ficus/routes"},
		"the services stand alone; they meet the monolith in its database and its API"},
}

func TestImports(t *testing.T) {
	dependencies := readDependencies(t)
	for _, f := range sourceFiles(t) {
		for _, imported := range f.imports {
			for _, rule := range never {
				if below(f.folder, rule.folder) && !slices.Contains(rule.except, f.folder) && matches(imported, rule.what) {
					t.Errorf("%s imports %s: %s", f.path, imported, rule.why)
				}
			}
			for module, owners := range dependencies {
				if below(imported, module) && !owners.own(f.folder) {
					t.Errorf("%s imports %s, which docs/DEPENDENCIES.md gives to others: a dependency has one owner", f.path, imported)
				}
			}
		}
	}
}

// Every package says in one comment what room it is.
func TestPackageComments(t *testing.T) {
	comments := map[string]int{}
	for _, f := range sourceFiles(t) {
		comments[f.folder] += f.comments
	}
	for folder, n := range comments {
		if n != 1 {
			t.Errorf("%s has %d package comments, want 1", folder, n)
		}
	}
}

type sourceFile struct {
	path, folder string
	imports      []string
	comments     int
}

// sourceFiles returns all Go files of the project but tests.
func sourceFiles(t *testing.T) []sourceFile {
	t.Helper()
	root := "../../.."
	var files []sourceFile
	err := filepath.WalkDir(root, func(p string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && p != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata") {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		f := sourceFile{path: filepath.ToSlash(relative), folder: path.Dir(filepath.ToSlash(relative))}
		if parsed.Doc != nil {
			f.comments = 1
		}
		for _, i := range parsed.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			f.imports = append(f.imports, imported)
		}
		files = append(files, f)
		return nil
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return files
}

func below(folder, top string) bool {
	return folder == top || strings.HasPrefix(folder, top+"/")
}

func matches(imported string, paths []string) bool {
	return slices.ContainsFunc(paths, func(p string) bool { return below(imported, p) })
}

package authz

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"ficus/gateway/route"
)

// Limits of a folder of policies.
const (
	maxFile   = 1 << 20         // bytes
	maxFiles  = 1000            // files
	testLimit = 5 * time.Second // for each test

	// DefaultBudget is how long one decision may take before it is a denial; see deadline.
	DefaultBudget = 100 * time.Millisecond
)

// source is a folder as read.
type source struct {
	modules map[string]*ast.Module // policies, by shown file name
	tests   map[string]*ast.Module
	data    map[string]any
}

// A File is one file of a folder of policies: "*.rego", "*_test.rego" or data.json.
type File struct {
	Name string // as shown in problems
	Data []byte
}

// Revision identifies files: 12 hexadecimal digits, equal for equal files.
func Revision(files []File) string {
	hash := sha256.New()
	for _, f := range files {
		fmt.Fprintf(hash, "%s\x00%d\x00%s", path.Base(f.Name), len(f.Data), f.Data)
	}
	return hex.EncodeToString(hash.Sum(nil)[:6])
}

// Load reads the policies of a folder, fsys, and compiles them; its name stands before
// the files' names in problems. A folder that is not there is an empty set.
func Load(ctx context.Context, fsys fs.FS, name string) (*Set, route.Problems) {
	files, problems := Read(fsys, name)
	if problems.HasErrors() {
		return nil, problems
	}
	return Compile(ctx, files)
}

// Compile makes a set of files. With an error among the problems the set is nil. The
// context bounds the files' own tests.
func Compile(ctx context.Context, files []File) (*Set, route.Problems) {
	src, problems := parse(files)
	if problems.HasErrors() {
		return nil, problems
	}
	set, found := setOf(ctx, src, Revision(files))
	return set, append(problems, found...)
}

// CompileBundle makes a set of what bundles hold: modules by the names that problems
// show, tests among them, and data, which is read until it returns and kept no longer.
// The limits of a folder's files don't apply: bundles have their own.
func CompileBundle(ctx context.Context, modules []File, data map[string]any) (*Set, route.Problems) {
	src := &source{modules: map[string]*ast.Module{}, tests: map[string]*ast.Module{}, data: data}
	var problems route.Problems
	for _, f := range modules {
		problems = append(problems, src.addModule(f.Name, f.Data)...)
	}
	text, err := json.Marshal(data)
	if err != nil {
		problems = append(problems, problemsOf(err, route.CodeSyntax, "data")...)
	}
	if problems.HasErrors() {
		return nil, problems
	}
	set, found := setOf(ctx, src, Revision(append(slices.Clone(modules), File{"data.json", text})))
	return set, append(problems, found...)
}

// setOf makes the set of a source. With an error among the problems it is nil.
func setOf(ctx context.Context, src *source, revision string) (*Set, route.Problems) {
	compiler, problems := compile(src.modules)
	if problems.HasErrors() {
		return nil, problems
	}
	store := newStore(src.data)
	passed, found := runTests(ctx, src, store)
	problems = append(problems, found...)
	if problems.HasErrors() {
		return nil, problems
	}
	set := &Set{Revision: revision, Tests: passed, budget: DefaultBudget, policies: map[string]*policy{}, kept: newKept(), desks: newDesks()}
	for _, entry := range entrypoints(src.modules) {
		p, err := prepare(ctx, entry, compiler, store)
		if err != nil {
			problems = append(problems, route.Problem{
				Code: route.CodePolicyBroken, Origin: entry.origin, Message: fmt.Sprintf("preparing the policy %s: %v", entry.name, err),
			})
			continue
		}
		set.policies[entry.name] = p
	}
	if problems.HasErrors() {
		return nil, problems
	}
	return set, problems
}

func newStore(data map[string]any) storage.Store {
	return inmem.NewFromObjectWithOpts(data, inmem.OptRoundTripOnWrite(false), inmem.OptReturnASTValuesOnRead(true))
}

// entrypoint is a package that is a policy.
type entrypoint struct {
	name, query string
	origin      route.Origin
}

// entrypoints finds the packages that say allow or decision; decision wins. Each is where
// that is said first.
func entrypoints(modules map[string]*ast.Module) []entrypoint {
	found := map[string]entrypoint{}
	for _, file := range slices.Sorted(maps.Keys(modules)) {
		module := modules[file]
		name := strings.TrimPrefix(module.Package.Path.String(), "data.")
		for _, rule := range module.Rules {
			ref := rule.Head.Ref().String()
			before, again := found[name]
			if ref != "allow" && ref != "decision" || again && (ref == "allow" || strings.HasSuffix(before.query, ".decision")) {
				continue
			}
			found[name] = entrypoint{name, module.Package.Path.String() + "." + ref, originOf(file, rule.Location)}
		}
	}
	list := make([]entrypoint, 0, len(found))
	for _, e := range found {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b entrypoint) int { return cmp.Compare(a.name, b.name) })
	return list
}

// prepare makes a policy ready to be asked. Partial evaluation would be faster and is
// not used: its result says true for any value that is not false, and false for what
// is undefined, so that a policy of the wrong type would allow.
func prepare(ctx context.Context, e entrypoint, compiler *ast.Compiler, store storage.Store) (*policy, error) {
	q, err := newQuestion(ctx, e.query, compiler, store)
	reads := project(compiler, e.query)
	return &policy{name: e.name, question: q, reads: reads, body: reads.has("body"), origin: e.origin}, err
}

// Read reads the files of a folder of policies, as [Load] does. A folder that is not
// there has none.
func Read(fsys fs.FS, name string) ([]File, route.Problems) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil && !isAbsent(err) {
		return nil, route.Problems{readProblem(name, err)}
	}
	var files []File
	var problems route.Problems
	for _, entry := range entries {
		shown, ext := path.Join(name, entry.Name()), path.Ext(entry.Name())
		if strings.HasPrefix(entry.Name(), ".") || ext != ".rego" && entry.Name() != "data.json" {
			continue
		}
		text, err := readFile(fsys, entry.Name())
		if err != nil {
			problems = append(problems, readProblem(shown, err))
			continue
		}
		files = append(files, File{shown, text})
	}
	return files, problems
}

func parse(files []File) (*source, route.Problems) {
	src := &source{modules: map[string]*ast.Module{}, tests: map[string]*ast.Module{}, data: map[string]any{}}
	if len(files) > maxFiles {
		return src, route.Problems{{Code: route.CodeRead, Origin: route.Origin{File: path.Dir(files[0].Name)}, Message: fmt.Sprintf("more than %d files", maxFiles)}}
	}
	var problems route.Problems
	for _, f := range files {
		if len(f.Data) > maxFile {
			problems = append(problems, readProblem(f.Name, errTooLarge))
			continue
		}
		problems = append(problems, src.add(f.Name, f.Data)...)
	}
	return src, problems
}

// add parses a file into its place.
func (s *source) add(shown string, text []byte) route.Problems {
	if path.Base(shown) == "data.json" {
		if err := json.Unmarshal(text, &s.data); err != nil {
			return route.Problems{{Code: route.CodeSyntax, Origin: jsonOrigin(shown, text, err), Message: err.Error()}}
		}
		return nil
	}
	return s.addModule(shown, text)
}

func (s *source) addModule(shown string, text []byte) route.Problems {
	module, err := ast.ParseModuleWithOpts(shown, string(text), ast.ParserOptions{
		RegoVersion: ast.RegoV1, ProcessAnnotation: true, Capabilities: capabilities(),
	})
	if err != nil {
		return problemsOf(err, route.CodeSyntax, shown)
	}
	if strings.HasSuffix(shown, "_test.rego") {
		s.tests[shown] = module
	} else {
		s.modules[shown] = module
	}
	return nil
}

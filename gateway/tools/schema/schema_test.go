package schema

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"ficus/gateway/control"
	"ficus/gateway/route"
	"ficus/gateway/tools/comments"
)

// compiled is the schema as an editor uses it.
func compiled(t testing.TB) *jsonschema.Schema {
	t.Helper()
	text, err := Generate(comments.New(os.DirFS("../../..")))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile("schema.json")
}

// places lists where a document breaks the schema, as the checker writes paths.
func places(s *jsonschema.Schema, document any) []string {
	var invalid *jsonschema.ValidationError
	if !errors.As(s.Validate(document), &invalid) {
		return nil
	}
	var found []string
	var walk func(e *jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		switch k := e.ErrorKind.(type) {
		case *kind.AdditionalProperties:
			for _, key := range k.Properties {
				found = append(found, path(append(slices.Clone(e.InstanceLocation), key)))
			}
		case *kind.PropertyNames:
			found = append(found, anywhere+k.Property) // the location is not kept by the validator
			return
		case *kind.Required:
			for _, key := range k.Missing {
				found = append(found, path(append(slices.Clone(e.InstanceLocation), key)))
			}
		default:
			if len(e.Causes) == 0 {
				found = append(found, path(e.InstanceLocation))
			}
		}
		for _, cause := range e.Causes {
			walk(cause)
		}
	}
	walk(invalid)
	return found
}

const anywhere = "*."

var index = regexp.MustCompile(`^[0-9]+$`)

func path(location []string) string {
	var b strings.Builder
	for _, step := range location {
		switch {
		case index.MatchString(step):
			b.WriteString("[" + step + "]")
		case b.Len() == 0:
			b.WriteString(step)
		default:
			b.WriteString("." + step)
		}
	}
	return b.String()
}

// beyond are findings about a single key that no schema can make, or no editor.
var beyond = []string{
	"the environment variable", "is not between 1 and 65535", // in a text, or behind one
	"more than two decimals",    // see the rule of weight
	"the name {", "dot segment", // parts of a text
	"the match has no wildcard", "does not begin with it", "exclude each other", "needs a backend", // two keys
	"can't be set", "can't be removed", "is no value",
}

// The schema finds, in the files that the checker is tested on, what the checker finds
// about single keys, and nothing that the checker would take.
func TestAgreesWithTheChecker(t *testing.T) {
	s := compiled(t)
	folders, err := filepath.Glob("../../control/testdata/check/*")
	if err != nil || len(folders) == 0 {
		t.Fatal(err)
	}
	told, needed := 0, map[string]bool{}
	for _, folder := range folders {
		v := control.Check(os.DirFS(folder), folder, func(string) (string, bool) { return "", false }, time.Unix(0, 0))
		names, err := filepath.Glob(folder + "/*.yaml")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			problems := slices.DeleteFunc(slices.Clone(v.Problems), func(p route.Problem) bool { return p.Origin.File != name })
			if slices.ContainsFunc(problems, func(p route.Problem) bool {
				return p.Code == route.CodeSyntax || p.Code == route.CodeUnsupported
			}) {
				continue
			}
			told += compareFindings(t, name, problems, places(s, load(t, name)), needed)
		}
	}
	if told < 30 {
		t.Errorf("the schema tells only %d problems", told)
	}
	for _, message := range beyond {
		if !needed[message] {
			t.Errorf("no problem says %q any more", message)
		}
	}
}

func load(t *testing.T, name string) any {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var document any
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if err := yaml.UnmarshalWithOptions(data, &document, yaml.AllowDuplicateMapKey()); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if document == nil {
		return map[string]any{}
	}
	return document
}

// compareFindings returns how many problems the schema tells too.
func compareFindings(t *testing.T, name string, problems route.Problems, invalid []string, needed map[string]bool) (told int) {
	t.Helper()
	single := []route.Code{route.CodeUnknownKey, route.CodeType, route.CodeValue, route.CodeRequired, route.CodePattern}
	for _, p := range problems {
		switch {
		case !slices.Contains(single, p.Code):
		case slices.ContainsFunc(invalid, func(at string) bool { return near(at, p.Path) }):
			told++
		default:
			i := slices.IndexFunc(beyond, func(message string) bool { return strings.Contains(p.Message, message) })
			if i < 0 {
				t.Errorf("%s: the schema does not tell %s: %s", name, p.Path, p.Message)
				continue
			}
			needed[beyond[i]] = true
		}
	}
	for _, at := range invalid {
		if !slices.ContainsFunc(problems, func(p route.Problem) bool { return near(at, p.Path) }) {
			t.Errorf("%s: the schema alone complains about %s", name, at)
		}
	}
	return told
}

// near reports whether two paths are the same or one is inside the other.
func near(a, b string) bool {
	if key, ok := strings.CutPrefix(a, anywhere); ok {
		return strings.HasSuffix(b, "."+key)
	}
	inside := func(a, b string) bool { return strings.HasPrefix(a+".", b+".") || strings.HasPrefix(a+".", b+"[") }
	return a != "" && b != "" && (inside(a, b) || inside(b, a))
}

package routes_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/spf13/cobra"

	"ficus/gateway/telemetry"
	"ficus/gateway/tools/comments"
	"ficus/gateway/tools/docs"
	"ficus/gateway/tools/format"
	"ficus/gateway/tools/schema"
	_ "ficus/modules/command"
	"ficus/routes"
)

var update = flag.Bool("update", false, "write schema.json and README.md anew")

// schema.json is what the structs and their comments say.
func TestSchemaIsCurrent(t *testing.T) {
	text, err := schema.Generate(comments.New(os.DirFS("..")))
	if err != nil {
		t.Fatal(err)
	}
	current(t, "schema.json", string(text), routes.Schema)
}

// README.md is what comments, matcher, metrics and commands say.
func TestManualIsCurrent(t *testing.T) {
	in := docs.Input{Source: comments.New(os.DirFS("..")), Metrics: telemetry.New().Catalogue()}
	for _, c := range verbs() {
		in.Verbs = append(in.Verbs, docs.Verb{Use: c.Use, Short: c.Short})
	}
	text, err := docs.Generate(in)
	if err != nil {
		t.Fatal(err)
	}
	current(t, "README.md", string(text), routes.Manual)
}

// current compares a generated file with what is generated now; embedded is what the
// commands print.
func current(t *testing.T, name, want, embedded string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(embedded, "\n")); diff != "" {
		t.Errorf("%s is out of date: go test ./routes -update (-want +is)\n%s", name, diff)
	}
}

func verbs() []*cobra.Command {
	c := &cobra.Command{Use: "routes"}
	caddycmd.Commands()["routes"].CobraFunc(c)
	return c.Commands()
}

var mention = regexp.MustCompile(`ficus routes ([a-z]+)([^\n|&;>` + "`" + `]*)`)

// The manual names no command or flag that there is not.
func TestManualNamesCommandsThatExist(t *testing.T) {
	commands := map[string]*cobra.Command{}
	for _, c := range verbs() {
		commands[c.Name()] = c
	}
	found := mention.FindAllStringSubmatch(routes.Manual, -1)
	if len(found) < 10 {
		t.Fatalf("%d commands in the manual", len(found))
	}
	for _, m := range found {
		c := commands[m[1]]
		if c == nil {
			t.Errorf("%q: there is no such command", m[0])
			continue
		}
		for word := range strings.FieldsSeq(m[2]) {
			if name, isFlag := strings.CutPrefix(word, "--"); isFlag && c.Flags().Lookup(name) == nil {
				t.Errorf("%q: there is no such flag", m[0])
			}
		}
	}
}

// The shipped route files are what fmt makes of them.
func TestFilesAreCanonical(t *testing.T) {
	files, err := format.Files([]string{"."})
	if err != nil {
		t.Fatal(err)
	}
	report := format.All(files)
	report.AddDiffs()
	if changes, refusals := report.Text(true); report.Changed() || report.Refused() {
		t.Errorf("not canonical:\n%s%s", changes, refusals)
	}
}

// The shipped route files are valid to editors.
func TestFilesAreValid(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(routes.Schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s := compiler.MustCompile("schema.json")
	names, err := filepath.Glob("*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(text, []byte("# yaml-language-server: $schema=schema.json\n")) {
			t.Errorf("%s does not name its schema in its first line", name)
		}
		var document any
		if err := yaml.Unmarshal(text, &document); err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(document); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

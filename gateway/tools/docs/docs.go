// Package docs generates routes/README.md, the manual of the route language. What
// people wrote for it stands in manual.md; the rest is made of what can't be wrong:
// the comments of package route, the answers of the matcher, the catalogue of metrics
// and the commands themselves.
package docs

import (
	"bytes"
	"embed"
	"errors"
	"io/fs"
	"strings"
	"text/template"

	"ficus/gateway/telemetry"
	"ficus/gateway/tools/comments"
)

//go:embed manual.md
var manual string

// examples are folders of route files that the manual shows.
//
//go:embed example
var examples embed.FS

// A Verb is one of "ficus routes".
type Verb struct {
	Use   string // "check [folder]"
	Short string
}

// Name is the word after "ficus routes".
func (v Verb) Name() string {
	name, _, _ := strings.Cut(v.Use, " ")
	return name
}

// Input is what a manual is made of beside the text.
type Input struct {
	Source  *comments.Source
	Verbs   []Verb
	Metrics []telemetry.Description
}

// Generate returns the manual as Markdown.
func Generate(in Input) ([]byte, error) {
	w := &writer{in: in}
	t, err := template.New("manual").Funcs(template.FuncMap{
		"file": w.file, "keys": w.keys, "problems": w.problems, "check": w.check,
		"patterns": w.patterns, "winners": w.winners,
		"verbs": w.verbs, "hasVerb": w.hasVerb, "metrics": w.metrics,
	}).Parse(manual)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, nil); err != nil {
		return nil, err
	}
	return b.Bytes(), errors.Join(w.errs...)
}

// writer writes the parts of the manual that are not written by people.
type writer struct {
	in   Input
	errs []error
}

func (w *writer) failed(err error) string {
	w.errs = append(w.errs, err)
	return ""
}

// file is the text of an example.
func (w *writer) file(name string) string {
	text, err := fs.ReadFile(examples, "example/"+name)
	if err != nil {
		return w.failed(err)
	}
	return strings.TrimSuffix(string(text), "\n")
}

// verbs is a table of the commands.
func (w *writer) verbs() string {
	t := table{"command", "what it does"}.head()
	for _, v := range w.in.Verbs {
		t.row(code("ficus routes "+v.Use), v.Short)
	}
	return t.String()
}

func (w *writer) hasVerb(name string) bool {
	for _, v := range w.in.Verbs {
		if v.Name() == name {
			return true
		}
	}
	return false
}

// metrics is a table of what a gateway says of its routes, its table and its backends.
func (w *writer) metrics() string {
	t := table{"metric", "labels", "what it says"}.head()
	for _, m := range w.in.Metrics {
		if strings.HasPrefix(m.Name, "ficus_table_") || strings.HasPrefix(m.Name, "ficus_backend_") || contains(m.Labels, "route") {
			t.row(code(m.Name), strings.Join(m.Labels, ", "), m.Help+" ("+m.Type+")")
		}
	}
	return t.String()
}

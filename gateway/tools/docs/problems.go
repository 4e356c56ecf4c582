package docs

import (
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"time"

	"ficus/gateway/control"
	"ficus/gateway/route"
)

// problems explains all kinds of problems, each under a heading whose anchor is its
// code.
func (w *writer) problems() string {
	kinds, err := w.in.Source.Constants(reflect.TypeFor[route.Code]())
	if err != nil {
		return w.failed(err)
	}
	var b strings.Builder
	group := ""
	for _, k := range kinds {
		if k.Group != group {
			group = k.Group
			title, text, _ := strings.Cut(group, ": ")
			fmt.Fprintf(&b, "### %s\n\n%s\n\n", title, sentence(text))
		}
		fmt.Fprintf(&b, "#### %s\n\n%s\n\n", code(k.Value), wrapped(prose(k.Text), ""))
	}
	return strings.TrimSpace(b.String())
}

func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// check is what "ficus routes check" says about an example with one problem.
func (w *writer) check(name string) string {
	folder, err := fs.Sub(examples, "example/"+name)
	if err != nil {
		return w.failed(err)
	}
	v := control.Check(folder, "routes", noEnvironment, time.Time{})
	if len(v.Problems) != 1 {
		return w.failed(fmt.Errorf("the example %s has not one problem: %w", name, v.Problems))
	}
	return v.Problems.Text()
}

func noEnvironment(string) (string, bool) { return "", false }

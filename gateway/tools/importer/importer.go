// Package importer is what "ficus routes import" does: it makes a first table of what a
// team has, the configuration of nginx or Caddy or an OpenAPI document.
//
// Each location, route or operation becomes a route at stage legacy, so that the table
// changes nothing and each can be moved. What goes to another backend today than the
// rest becomes a route at stage new on that backend. The [Draft] always compiles: what
// can't be understood, or said by routes, is left out and listed with its place.
package importer

import (
	"fmt"
	"io"
	"strings"

	"ficus/gateway/route"
)

// A Finding is one thing of the source that the draft leaves out, or takes otherwise.
type Finding struct {
	Place   string `json:"place"` // file:line, or the path inside a document
	Message string `json:"message"`

	origin route.Origin
}

// String returns the finding in one line.
func (f Finding) String() string { return f.Place + ": " + f.Message }

// A Draft is a first table.
type Draft struct {
	From     string          `json:"from"` // what was read, for people
	Backends []route.Backend `json:"-"`
	Routes   []Route         `json:"-"`
	Lost     []Finding       `json:"lost"`  // left out, in the order of the source
	Notes    []Finding       `json:"notes"` // taken otherwise
}

// A Route is a definition with what there is to say about it.
type Route struct {
	Comment string `yaml:"#"`
	route.Definition
}

func (d Draft) count() string {
	if len(d.Routes) == 1 {
		return "1 route"
	}
	return fmt.Sprintf("%d routes", len(d.Routes))
}

// PrintFindings writes for people what is left out and what is taken otherwise.
func (d Draft) PrintFindings(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s from %s.\n", d.count(), printable(d.From))
	for _, group := range []struct {
		title    string
		findings []Finding
	}{{"Left out:", d.Lost}, {"Taken otherwise:", d.Notes}} {
		if len(group.findings) == 0 {
			continue
		}
		b.WriteString(group.title + "\n")
		for _, f := range group.findings {
			b.WriteString("  " + f.String() + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

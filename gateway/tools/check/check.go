// Package check is what "ficus routes check" says: all problems of a folder of route
// files, for people or for programs.
package check

import (
	"encoding/json"
	"fmt"
	"io"

	"ficus/gateway/control"
	"ficus/gateway/route"
)

// A Report is the outcome of a check.
type Report struct {
	Problems route.Problems `json:"problems"`
	Errors   int            `json:"errors"`
	Warnings int            `json:"warnings"`
	Routes   int            `json:"routes"`   // that could be understood
	Revision string         `json:"revision"` // of the table; "" where there are errors
}

// Of reports on a verdict.
func Of(v control.Verdict) Report {
	r := Report{Problems: v.Problems, Routes: len(v.Set.Routes)}
	if r.Problems == nil {
		r.Problems = route.Problems{}
	}
	for _, p := range v.Problems {
		if p.Severity == route.Error {
			r.Errors++
		} else {
			r.Warnings++
		}
	}
	if v.Table != nil {
		r.Revision = v.Table.Revision
	}
	return r
}

// Print writes the report as text or JSON.
func (r Report) Print(w io.Writer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	text := ""
	if len(r.Problems) > 0 {
		text = r.Problems.Text() + "\n\n"
	}
	text += r.summary() + "\n"
	_, err := io.WriteString(w, text)
	return err
}

func (r Report) summary() string {
	if r.Errors+r.Warnings == 0 {
		return fmt.Sprintf("%s, no problems; revision %s", count(r.Routes, "route"), r.Revision)
	}
	text := fmt.Sprintf("%s: %s, %s", count(r.Routes, "route"), count(r.Errors, "error"), count(r.Warnings, "warning"))
	if r.Errors > 0 {
		text += "; a gateway keeps the table before"
	}
	return text
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

package format

import (
	"slices"
	"strings"

	"ficus/gateway/routefile"
)

// A Report is what formatting several files comes to.
type Report struct {
	Files []Result `json:"files"`
}

// All formats files, and writes nothing.
func All(files []routefile.File) Report {
	r := Report{Files: make([]Result, len(files))}
	for i, file := range files {
		r.Files[i] = Of(file)
	}
	return r
}

// Changed reports whether any file is not canonical.
func (r Report) Changed() bool {
	return slices.ContainsFunc(r.Files, func(f Result) bool { return f.Changed })
}

// Refused reports whether any file can't be formatted.
func (r Report) Refused() bool {
	return slices.ContainsFunc(r.Files, func(f Result) bool { return f.Problems != nil })
}

// AddDiffs fills in what changes in each file.
func (r Report) AddDiffs() {
	for i := range r.Files {
		r.Files[i].AddDiff()
	}
}

// Write replaces the files that are not canonical. It stops at the first that it
// can't write.
func (r Report) Write() error {
	for i := range r.Files {
		if err := r.Files[i].Write(); err != nil {
			return err
		}
	}
	return nil
}

// Text is the report for people: the names of the files that are not canonical, one
// a line, or where names is false nothing but the diffs; and why others are refused.
func (r Report) Text(names bool) (changes, refusals string) {
	var changed, refused strings.Builder
	for _, f := range r.Files {
		if f.Problems != nil {
			refused.WriteString(f.Problems.Text() + "\n\n")
		}
		if f.Changed && names {
			changed.WriteString(f.File + "\n")
		}
		changed.WriteString(f.Diff)
	}
	return changed.String(), refused.String()
}

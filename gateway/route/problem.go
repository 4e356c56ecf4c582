package route

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// An Origin is the place where something was written: Line and Column count
// from 1; 0 means unknown. Index is the place in the file's list, from 0.
type Origin struct {
	File   string
	Line   int
	Column int
	Index  int
}

// String returns "file:line:column", as far as it is known.
func (o Origin) String() string {
	switch {
	case o.Line == 0:
		return o.File
	case o.Column == 0:
		return fmt.Sprintf("%s:%d", o.File, o.Line)
	}
	return fmt.Sprintf("%s:%d:%d", o.File, o.Line, o.Column)
}

// Severity says whether a problem keeps a table from being served.
type Severity uint8

// The severities, the worst first.
const (
	Error   Severity = iota // the set can't be served
	Warning                 // the set can be served
)

// String returns "error" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// A Code names a kind of problem. It is stable: it is also a metric label.
type Code string

// The kinds of problems.
const (
	CodeRead           Code = "read"            // the folder or a file can't be read
	CodeSyntax         Code = "syntax"          // not YAML, or not UTF-8
	CodeUnsupported    Code = "unsupported"     // YAML that route files don't use: anchors, tags, several documents
	CodeUnknownKey     Code = "unknown_key"     // a key that means nothing here
	CodeDuplicateKey   Code = "duplicate_key"   // a key given twice
	CodeType           Code = "type"            // a value of the wrong type
	CodeValue          Code = "value"           // a value that is out of range or malformed
	CodeRequired       Code = "required"        // a value that must be given and is not
	CodePattern        Code = "pattern"         // a match that is no pattern
	CodeDuplicateID    Code = "duplicate_id"    // two routes or two backends of one name
	CodeUnknownBackend Code = "unknown_backend" // a route names a backend that nobody defines
	CodeUnknownPolicy  Code = "unknown_policy"  // a route names a policy that nobody defines
	CodeConflict       Code = "conflict"        // two routes overlap and none is more specific
	CodeBranching      Code = "branching"       // routes that would make a match slow
	CodeTooMany        Code = "too_many"        // more problems than are listed

	// Warnings.
	CodeUnreachable Code = "unreachable" // no request reaches the route
	CodeUnused      Code = "unused"      // a backend that no route uses
	CodeWeight      Code = "weight"      // a weight on a route that is not a canary
	CodePolicy      Code = "no_policy"   // a route that may change state names no policy
	CodeExpired     Code = "expired"     // a route that should be gone by now
	CodeRetired     Code = "retired"     // legacy still serves a part of a retired route
)

// A Problem is one finding about a set.
type Problem struct {
	Code     Code
	Severity Severity
	Origin   Origin // where; a path without line where only the file is known
	// Path is the place inside the file, such as "routes[3].weight"; it is how a
	// finding that was made without the text gets its line.
	Path    string
	Route   string // the id of the route concerned, if any
	Message string // what is wrong, in one sentence
	Hint    string // what to do about it; may be empty
	Line    string // the line of text concerned; may be empty
}

// String returns the problem in one line: place, code and message, with the word
// "warning" before the code of a warning.
func (p Problem) String() string {
	var b strings.Builder
	if p.Origin != (Origin{}) {
		b.WriteString(p.Origin.String() + ": ")
	}
	if p.Severity == Warning {
		b.WriteString("warning: ")
	}
	fmt.Fprintf(&b, "%s: %s", p.Code, p.Message)
	return b.String()
}

// Text returns the problem for people: the one line, the line of text with a
// caret under the column, and the hint.
func (p Problem) Text() string {
	var b strings.Builder
	b.WriteString(p.String())
	if p.Line != "" {
		number := fmt.Sprintf("%5d", p.Origin.Line)
		fmt.Fprintf(&b, "\n%s | %s", number, p.Line)
		if p.Origin.Column > 0 {
			fmt.Fprintf(&b, "\n%s | %s^", strings.Repeat(" ", len(number)), caretIndent(p.Line, p.Origin.Column))
		}
	}
	if p.Hint != "" {
		fmt.Fprintf(&b, "\n        hint: %s", p.Hint)
	}
	return b.String()
}

// caretIndent returns white space as wide as the line before the column, with
// the line's own tabs kept so that the caret stands under its character.
func caretIndent(line string, column int) string {
	var b strings.Builder
	for i, r := range []rune(line) {
		if i >= column-1 {
			break
		}
		if r == '\t' {
			b.WriteByte('\t')
		} else {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// Problems is a list of findings. As an error it reads one finding a line.
type Problems []Problem

// Error returns all problems, one a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Text returns all problems as [Problem.Text] does, with an empty line between.
func (ps Problems) Text() string {
	texts := make([]string, len(ps))
	for i, p := range ps {
		texts[i] = p.Text()
	}
	return strings.Join(texts, "\n\n")
}

// HasErrors reports whether any of the problems keeps the set from being served.
func (ps Problems) HasErrors() bool {
	return slices.ContainsFunc(ps, func(p Problem) bool { return p.Severity == Error })
}

// Count returns how many errors and warnings there are.
func (ps Problems) Count() (errors, warnings int) {
	for _, p := range ps {
		if p.Severity == Error {
			errors++
		}
	}
	return errors, len(ps) - errors
}

// Sort orders the problems by file, line, column, then message.
func (ps Problems) Sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.Origin.File, b.Origin.File),
			cmp.Compare(a.Origin.Line, b.Origin.Line),
			cmp.Compare(a.Origin.Column, b.Origin.Column),
			cmp.Compare(a.Message, b.Message),
		)
	})
}

// First returns the first n problems, errors before warnings, and in place of the
// others one that says how many they are. It keeps the order.
func (ps Problems) First(n int) Problems {
	if len(ps) <= n {
		return ps
	}
	errors, _ := ps.Count()
	room := [...]int{Error: min(errors, n), Warning: n - min(errors, n)}
	rest := Problem{
		Code: CodeTooMany, Severity: Warning, Hint: "mend the others first",
		Message: fmt.Sprintf("not listed: %d more, %d of them errors", len(ps)-n, errors-room[Error]),
	}
	if errors > n {
		rest.Severity = Error
	}
	first := make(Problems, 0, n+1)
	for _, p := range ps {
		if room[p.Severity] > 0 {
			room[p.Severity]--
			first = append(first, p)
		}
	}
	return append(first, rest)
}

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

// A Code names a kind of problem. It is stable: it is also a label of metrics and an
// anchor in routes/README.md.
type Code string

// Kinds of errors: with one of them anywhere in the folder, its table is not served.
const (
	// CodeRead means that the folder or a file can't be read: it is missing, empty,
	// too large or no regular file, or the gateway lacks the permission. As a warning
	// it is a file that is passed over because its name ends in .yml.
	CodeRead Code = "read"

	// CodeSyntax means that a file is not YAML, or not UTF-8, or nests deeper than any
	// route needs. Nothing else is said about the file until it can be parsed.
	CodeSyntax Code = "syntax"

	// CodeUnsupported means YAML that route files don't use: anchors and aliases, tags,
	// merge keys, several documents in a file. Write the values out.
	CodeUnsupported Code = "unsupported"

	// CodeUnknownKey means a key that means nothing where it stands. It is hardly ever
	// meant: the problem names the known key that is nearest.
	CodeUnknownKey Code = "unknown_key"

	// CodeDuplicateKey means a key that stands twice in a mapping, or folder_defaults
	// in two files.
	CodeDuplicateKey Code = "duplicate_key"

	// CodeType means a value of the wrong type, such as a text where a list belongs. A
	// number or truth value that is meant as a text needs quotes.
	CodeType Code = "type"

	// CodeValue means a value that is malformed or out of range, or an environment
	// variable that is not set and has no default.
	CodeValue Code = "value"

	// CodeRequired means that something is missing that has to be given: the id or the
	// match of a route, the addresses of a backend, the backend of a stage that calls
	// the new side, the backend legacy of the folder.
	CodeRequired Code = "required"

	// CodePattern means a match that is not written as a pattern.
	CodePattern Code = "pattern"

	// CodeDuplicateID means two routes or two backends of one name. All files of the
	// folder are one table, so a name is taken for all of them.
	CodeDuplicateID Code = "duplicate_id"

	// CodeUnknownBackend means that a route names a backend that no file defines.
	CodeUnknownBackend Code = "unknown_backend"

	// CodeUnknownPolicy means that a route names a policy that nobody defines.
	CodeUnknownPolicy Code = "unknown_policy"

	// CodePolicyBroken means a policy that can't be compiled, or whose rules have
	// problems that only strict compilation finds, such as an import that is not used.
	CodePolicyBroken Code = "policy"

	// CodePolicyTest means that one of the folder's own tests of policies fails.
	CodePolicyTest Code = "policy_test"

	// CodeConflict means that two routes match the same request and neither is more
	// specific, so that nothing but chance could decide. The problem shows requests
	// that prove it. Make one pattern more specific, or give one route one more
	// condition.
	CodeConflict Code = "conflict"

	// CodeBranching means routes whose literals and wildcards stand side by side in so
	// many segments that a client could make every match slow.
	CodeBranching Code = "branching"

	// CodeRemoval means that the folder has no other error, and that most of the routes
	// that serve are not in it: more than the Caddyfile's max_removal. That is what a copy
	// looks like that has stopped half-way, or a folder that is the wrong one. Bring the
	// files back or, where the routes are to go, confirm it: the hint says how.
	CodeRemoval Code = "removal"

	// CodeTooMany means that there are more problems than are listed.
	CodeTooMany Code = "too_many"
)

// Kinds of warnings: the table is served, and something about it is hardly meant.
const (
	// CodeUnreachable means that no request can reach the route.
	CodeUnreachable Code = "unreachable"

	// CodeUnused means a backend that no route names; to "ficus policy check", a policy
	// too.
	CodeUnused Code = "unused"

	// CodeWeight means a weight at a stage that does not ask for it: only a canary has
	// one.
	CodeWeight Code = "weight"

	// CodePolicy means that a route may change state and names no policy. Name one, or
	// write "policy: public" where everybody may.
	CodePolicy Code = "no_policy"

	// CodeExpired means that a route is still there after the day by which it should
	// have been gone.
	CodeExpired Code = "expired"

	// CodeRetired means that legacy still serves a part of a retired route, because a
	// more specific route sends it there: the monolith's code can't be deleted yet.
	CodeRetired Code = "retired"

	// CodeShadow means stage shadow for a method of which no copies are made: only of
	// GET and HEAD are there any.
	CodeShadow Code = "shadow"

	// CodeFallback means a fallback at stage retired, where legacy is never called.
	CodeFallback Code = "fallback"

	// CodeWait means that a retry waits as long as the request may take, so that there
	// never is one.
	CodeWait Code = "wait"

	// CodeFaults means that requests fail on purpose. That is for a rehearsal, and
	// should not stay.
	CodeFaults Code = "faults"

	// CodeBreaker means that a backend has its breaker off, and that routes rely on
	// legacy when it fails: each of their requests waits for that first.
	CodeBreaker Code = "breaker"
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

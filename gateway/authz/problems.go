package authz

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/open-policy-agent/opa/v1/ast"

	"ficus/gateway/route"
)

// problemsOf takes OPA's errors, which know their places, to problems.
func problemsOf(err error, code route.Code, file string) route.Problems {
	var list ast.Errors
	var one *ast.Error
	switch {
	case errors.As(err, &list):
	case errors.As(err, &one):
		list = ast.Errors{one}
	default:
		return route.Problems{{Code: code, Origin: route.Origin{File: file}, Message: err.Error()}}
	}
	problems := make(route.Problems, len(list))
	for i, e := range list {
		problems[i] = route.Problem{Code: code, Origin: originOf(file, e.Location), Message: e.Message, Line: lineOf(e)}
	}
	return problems
}

func originOf(file string, l *ast.Location) route.Origin {
	if l == nil {
		return route.Origin{File: file}
	}
	return route.Origin{File: l.File, Line: l.Row, Column: l.Col}
}

// lineOf is the line that an error stands in, where OPA kept it.
func lineOf(e *ast.Error) string {
	var d interface{ Lines() []string } = e.Details
	if e.Details == nil {
		return ""
	}
	if lines := d.Lines(); len(lines) > 0 {
		return lines[0]
	}
	return ""
}

// jsonOrigin is where in a JSON text an error lies.
func jsonOrigin(file string, text []byte, err error) route.Origin {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return route.Origin{File: file, Line: 1, Column: 1}
	}
	before := text[:min(int(syntax.Offset), len(text))]
	line := 1 + bytes.Count(before, []byte("\n"))
	return route.Origin{File: file, Line: line, Column: len(before) - bytes.LastIndexByte(before, '\n')}
}

func isAbsent(err error) bool { return errors.Is(err, fs.ErrNotExist) }

func readProblem(file string, err error) route.Problem {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return route.Problem{Code: route.CodeRead, Origin: route.Origin{File: file}, Message: "reading: " + err.Error()}
}

var errTooLarge = fmt.Errorf("larger than %d MiB", maxFile>>20)

func readFile(fsys fs.FS, name string) ([]byte, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = errTooLarge
	}
	return text, err
}

package route

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// problemJSON is a problem as programs see it. The names are stable.
type problemJSON struct {
	File     string   `json:"file,omitempty"`
	Line     int      `json:"line,omitempty"`
	Column   int      `json:"column,omitempty"`
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`
	Path     string   `json:"path,omitempty"`
	Route    string   `json:"route,omitempty"`
	Message  string   `json:"message"`
	Hint     string   `json:"hint,omitempty"`
	Text     string   `json:"text,omitempty"` // the line of text concerned
}

// MarshalJSON writes the problem with the keys file, line, column, code, severity,
// path, route, message, hint and text; what is not known is left out.
func (p Problem) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // who wants it escapes it around this
	err := e.Encode(problemJSON{
		File: p.Origin.File, Line: p.Origin.Line, Column: p.Origin.Column,
		Code: p.Code, Severity: p.Severity, Path: p.Path, Route: p.Route,
		Message: p.Message, Hint: p.Hint, Text: p.Line,
	})
	return b.Bytes(), err
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (p *Problem) UnmarshalJSON(text []byte) error {
	var j problemJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	*p = Problem{
		Origin: Origin{File: j.File, Line: j.Line, Column: j.Column},
		Code:   j.Code, Severity: j.Severity, Path: j.Path, Route: j.Route,
		Message: j.Message, Hint: j.Hint, Line: j.Text,
	}
	return nil
}

// MarshalText writes "error" or "warning".
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads "error" or "warning".
func (s *Severity) UnmarshalText(text []byte) error {
	for _, severity := range []Severity{Error, Warning} {
		if severity.String() == string(text) {
			*s = severity
			return nil
		}
	}
	return fmt.Errorf("unknown severity %q (use error or warning)", text)
}

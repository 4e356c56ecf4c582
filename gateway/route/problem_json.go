package route

import "encoding/json"

// MarshalJSON writes the problem for programs, as one object without nesting.
func (p Problem) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Code     Code   `json:"code"`
		Severity string `json:"severity"` // error or warning
		File     string `json:"file,omitempty"`
		Line     int    `json:"line,omitempty"`
		Column   int    `json:"column,omitempty"`
		Path     string `json:"path,omitempty"`
		Route    string `json:"route,omitempty"`
		Message  string `json:"message"`
		Hint     string `json:"hint,omitempty"`
		Text     string `json:"text,omitempty"` // of the line
	}{
		p.Code, p.Severity.String(), p.Origin.File, p.Origin.Line, p.Origin.Column,
		p.Path, p.Route, p.Message, p.Hint, p.Line,
	})
}

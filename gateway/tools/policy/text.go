package policy

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Print writes the answer for people.
func (a *Answer) Print(w io.Writer) error {
	var b strings.Builder
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-10s %s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&b, "%s %s%s\n", a.Input.Method, a.Input.Host, a.Input.Path)
	row("policy", "%s, revision %s", a.Policy, a.Revision)
	if a.Route != "" {
		row("route", "%s (%s), mode %s", a.Route, a.Place, a.Mode)
	}
	row("decision", "%s", a.Decision.outcome())
	for _, name := range slices.Sorted(maps.Keys(a.Decision.Headers)) {
		row("", "%s: %s", name, a.Decision.Headers[name])
	}
	if a.Decision.Reason != "" {
		row("reason", "%s", a.Decision.Reason)
	}
	object := func(name string, value map[string]any) error {
		if len(value) == 0 {
			return nil
		}
		text, err := marshalled(value, "")
		row(name, "%s", text)
		return err
	}
	if err := object("claims", a.Decision.Claims); err != nil {
		return err
	}
	if err := object("obliges", a.Decision.Obligations); err != nil {
		return err
	}
	row("reads", "%s", strings.ReplaceAll(wrapped(a.Reads), "\n", "\n   "))
	row("kept", "%s", keeps(a.Kept))
	for _, n := range a.Notes {
		row("note", "%s", n)
	}
	input, err := marshalled(a.Input, "  ")
	if err != nil {
		return err
	}
	fmt.Fprintf(&b, "\ninput\n%s\n", input)
	if a.Trace != "" {
		fmt.Fprintf(&b, "\ntrace\n%s", a.Trace)
	}
	_, err = io.WriteString(w, b.String())
	return err
}

func (d *Decision) outcome() string {
	if d.Allow {
		return "allowed"
	}
	return fmt.Sprintf("refused with %d (cause: %s)", d.Status, d.Cause)
}

func marshalled(value any, indent string) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	err := e.Encode(value)
	return strings.TrimSpace(b.String()), err
}

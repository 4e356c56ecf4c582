package plan

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"ficus/gateway/control"
)

// Print writes the report as text or JSON.
func (r *Report) Print(w io.Writer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	p := &printer{}
	p.line("%s", r.summary())
	p.routes(r.Routes)
	p.removal(r.Removal)
	p.backends(r.Backends)
	p.policies(r.Policies)
	p.requests(r.Requests)
	if r.Traffic != nil {
		p.traffic(r.Traffic)
	}
	_, err := io.WriteString(w, p.String())
	return err
}

func (r *Report) summary() string {
	between := r.Old.Name + " -> " + r.New.Name + ": "
	if !r.Changes {
		return fmt.Sprintf("%snothing changes in meaning (%s, revision %s)", between, count(r.New.Routes, "route"), r.New.Revision)
	}
	parts := []string{
		tally("route", len(r.Routes.Added), len(r.Routes.Removed), len(r.Routes.Changed)),
		tally("backend", len(r.Backends.Added), len(r.Backends.Removed), len(r.Backends.Changed)),
		"requests: " + count(len(r.Requests), "set"),
	}
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
	return between + strings.Join(parts, "; ")
}

// tally writes "2 routes added, 1 changed", "" where there is none.
func tally(what string, added, removed, changed int) string {
	var parts []string
	for i, n := range []int{added, removed, changed} {
		if n == 0 {
			continue
		}
		text := fmt.Sprint(n)
		if len(parts) == 0 {
			text = count(n, what)
		}
		parts = append(parts, text+[...]string{" added", " removed", " changed"}[i])
	}
	return strings.Join(parts, ", ")
}

type printer struct{ strings.Builder }

func (p *printer) line(format string, args ...any) {
	fmt.Fprintln(p, visible(fmt.Sprintf(format, args...)))
}

func (p *printer) title(text string) { p.line(""); p.line("%s", text) }

// visible keeps control characters, which a description may hold, from the terminal.
func visible(text string) string {
	if !strings.ContainsFunc(text, unicode.IsControl) {
		return text
	}
	quoted := strconv.Quote(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

func (p *printer) routes(r Routes) {
	if r.count() > 0 {
		p.title("Routes")
	}
	p.someRoutes("+", r.Added)
	p.someRoutes("-", r.Removed)
	for _, c := range r.Changed {
		name := c.ID
		if c.OldID != "" {
			name = c.OldID + " -> " + c.ID
		}
		p.line("~ %s  %s%s", name, c.Match, place(c.Place))
		p.changes(c.Changes)
		p.words(c.Meaning)
	}
}

func (p *printer) removal(r *control.Removal) {
	if r != nil {
		p.line("! %d of %d routes are gone: a gateway waits for ficus routes confirm (above max_removal, %d%% by default)", r.Gone, r.Of, control.DefaultMaxRemoval)
	}
}

// someRoutes prints routes that are in one of the versions.
func (p *printer) someRoutes(sign string, list []Route) {
	for _, r := range list {
		p.line("%s %s  %s%s", sign, r.Route, r.Match, place(r.Place))
		p.when(r.When)
		policy := ""
		if r.Policy != "" {
			policy = ", policy " + r.Policy
		}
		p.line("    %s%s", r.about(), policy)
	}
}

func (p *printer) when(conditions string) {
	if conditions != "" {
		p.line("    when %s", conditions)
	}
}

func (p *printer) changes(list []Change) {
	for _, c := range list {
		unit := ""
		if c.Property == "weight" {
			unit = " %"
		}
		p.line("    %s: %s -> %s", c.Property, orNone(c.Old, unit), orNone(c.New, unit))
	}
}

func (p *printer) words(list []string) {
	for _, words := range list {
		p.line("    => %s", words)
	}
}

func (p *printer) backends(b Backends) {
	if b.count() > 0 {
		p.title("Backends")
	}
	for _, x := range b.Added {
		p.line("+ %s  %s", x.Name, strings.Join(x.Addresses, ", "))
	}
	for _, x := range b.Removed {
		p.line("- %s  %s", x.Name, strings.Join(x.Addresses, ", "))
	}
	for _, x := range b.Changed {
		p.line("~ %s", x.Name)
		p.changes(x.Changes)
		p.words(x.Meaning)
	}
}

func (p *printer) requests(sets []RequestSet) {
	if len(sets) > 0 {
		p.title("Requests")
	}
	for _, s := range sets {
		p.line("* %s", s.Requests)
		p.when(s.When)
		for _, text := range s.exceptions() {
			p.line("    except %s", text)
		}
		p.line("    %s -> %s", s.From, s.To)
		switch {
		case s.From.Route == s.To.Route: // the words stand with the route
		case len(s.Meaning) == 0:
			p.words([]string{"no request is treated differently; metrics and logs name the other route"})
		default:
			p.words(s.Meaning)
		}
		p.line("    e.g. %s", s.Example)
	}
}

// shownExcept is how many exceptions of a set are printed.
const shownExcept = 3

// exceptions writes which requests are not in the set.
func (s *RequestSet) exceptions() []string {
	shown := slices.Clone(s.Except[:min(len(s.Except), shownExcept)])
	if more := len(s.Except) - len(shown) + s.ExceptMore; more > 0 {
		shown = append(shown, fmt.Sprintf("%d more", more))
	}
	return shown
}

// String writes the route and what it does: "cart-read (canary 10 %, cart)".
func (t Treatment) String() string { return t.Route + " (" + t.about() + ")" }

func (t Treatment) about() string {
	text := t.Stage
	if t.Weight != nil {
		text += " " + number(*t.Weight) + " %"
	}
	if t.Backend != "" && t.Stage != "legacy" {
		text += ", " + t.Backend
	}
	return text
}

// String writes the request for a shell, with the flags that "ficus routes explain"
// takes. A body is not one of them.
func (e Example) String() string {
	text := e.Method + " " + quoted(e.URL)
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		text += " -H " + quoted(name+": "+e.Headers[name])
	}
	if e.Body != "" {
		text += "  " + e.Body
	}
	return text
}

// quoted quotes a word for a shell where it has to be.
func quoted(word string) string {
	if strings.Trim(strings.ToLower(word), "abcdefghijklmnopqrstuvwxyz0123456789/.:-_%") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func when(conditions string) string {
	if conditions == "" {
		return ""
	}
	return " when " + conditions
}

func place(text string) string {
	if text == "" {
		return ""
	}
	return "  (" + text + ")"
}

func orNone(value, unit string) string {
	if value == "" {
		return "none"
	}
	return value + unit
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%s %ss", thousands(float64(n)), what)
}

// thousands rounds to a whole number and writes it with commas.
func thousands(x float64) string {
	digits := fmt.Sprintf("%.0f", x)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

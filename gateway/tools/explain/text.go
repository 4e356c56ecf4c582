package explain

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Print writes the answer for people.
func (a *Answer) Print(w io.Writer) error {
	p := &printer{}
	p.line("%s %s%s", a.Method, a.Host, a.Path)
	if a.CanonicalPath != a.Path {
		p.row("path", "%s (canonical)", a.CanonicalPath)
	}
	p.row("route", "%s%s", a.Route.ID, place(a.Route.Place))
	if a.Route.Match != "" {
		p.row("match", "%s%s", a.Route.Match, when(a.Route.When))
	}
	for _, name := range slices.Sorted(maps.Keys(a.Params)) {
		p.row("", "{%s} = %s", name, a.Params[name])
	}
	for i, o := range a.Others {
		name := ""
		if i == 0 {
			name = "next best"
		}
		p.row(name, "%s%s%s: %s", o.ID, match(o.Match, o.When), place(o.Place), o.Why)
	}
	if a.Note != "" {
		p.row("note", "%s", a.Note)
	}
	p.row("stage", "%s", a.stage())
	if a.Cohort != nil {
		p.row("cohort", "%s", a.cohort())
	}
	p.row("side", "%s, %s (clock: %s)", a.Side, a.Reason, a.Clock)
	for _, b := range a.Backends {
		side := ""
		if len(a.Backends) > 1 {
			side = b.Side + ": "
		}
		p.row("backend", "%s%s %s", side, b.Name, strings.Join(b.Addresses, ", "))
		p.rewrite(a.Host, b.Rewrite)
	}
	p.row("policy", "%s", orNone(a.Policy))
	if a.Route.Owner != "" {
		p.row("owner", "%s", a.Route.Owner)
	}
	p.row("fallback", "%s", a.Fallback)
	p.resilience(&a.Resilience)
	p.row("table", "revision %s", a.Revision)
	_, err := io.WriteString(w, p.String())
	return err
}

func (a *Answer) stage() string {
	if a.Weight == nil {
		return a.Stage
	}
	return fmt.Sprintf("%s, weight %g %%, group %s", a.Stage, *a.Weight, a.Group)
}

func (a *Answer) cohort() string {
	number := "not known without the gateway's key (FICUS_COHORT_KEY, or --live)"
	if a.Cohort.Number != nil {
		number = fmt.Sprintf("%d of 10,000", *a.Cohort.Number)
	}
	return fmt.Sprintf("%s, by %s", number, a.Cohort.Source)
}

type printer struct{ strings.Builder }

func (p *printer) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *printer) row(name, format string, args ...any) {
	p.line("  %-10s %s", name, fmt.Sprintf(format, args...))
}

func (p *printer) rewrite(host string, r *Rewrite) {
	if r == nil {
		return
	}
	p.row("rewrite", "it gets %s", r.Target)
	if r.Host != host {
		p.row("", "Host: %s", r.Host)
	}
	for _, h := range r.Headers {
		p.row("", "%s", h)
	}
	for _, rule := range r.Rules {
		p.row("", "rule: %s", rule)
	}
}

func place(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

func when(text string) string {
	if text == "" {
		return ""
	}
	return " when " + text
}

func match(pattern, conditions string) string {
	if pattern == "" {
		return ""
	}
	return fmt.Sprintf(" %q%s", pattern, when(conditions))
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

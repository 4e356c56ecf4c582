package policy

import (
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"ficus/gateway/route"
	"ficus/gateway/routefile"
	"ficus/gateway/routetable"
)

// A Report is the outcome of a check.
type Report struct {
	Problems route.Problems `json:"problems"`
	Errors   int            `json:"errors"`
	Warnings int            `json:"warnings"`
	Policies []Policy       `json:"policies"` // none where there are errors among theirs
	Tests    int            `json:"tests"`    // that passed
	Revision string         `json:"revision"` // of the policies; "" where there are none, or errors among theirs
}

// A Policy is what is known of one before it is asked.
type Policy struct {
	Name   string   `json:"name"`
	Routes []string `json:"routes"` // that it guards; none where there are errors
	Reads  []string `json:"reads"`  // paths of the input
	Kept   bool     `json:"kept"`   // its decisions may be kept for some seconds
}

// Check reports on a folder: all errors, and what else concerns policies.
func (f *Folder) Check(fsys fs.FS) Report {
	r := Report{Problems: route.Problems{}, Policies: []Policy{}}
	for _, p := range f.Problems {
		if p.Severity == route.Error || ofPolicies(p.Code) {
			r.Problems = append(r.Problems, p)
		}
	}
	if f.Table != nil {
		found := append(f.unseen(), f.unused()...)
		folder, _ := routefile.Read(fsys, f.Name)
		folder.Locate(found)
		r.Problems = append(r.Problems, found...)
		r.Problems.Sort()
	}
	r.Errors, r.Warnings = r.Problems.Count()
	if len(f.Policies.Names()) == 0 {
		return r
	}
	r.Tests, r.Revision = f.Policies.Tests, f.Policies.ID()
	for _, name := range f.Policies.Names() {
		p := Policy{Name: name, Routes: []string{}, Reads: f.Policies.Reads(name), Kept: f.Policies.Keeps(name)}
		for _, e := range f.guarded(name) {
			p.Routes = append(p.Routes, e.ID)
		}
		r.Policies = append(r.Policies, p)
	}
	return r
}

func ofPolicies(code route.Code) bool {
	return slices.Contains([]route.Code{route.CodePolicy, route.CodePolicyBroken, route.CodePolicyTest, route.CodeUnknownPolicy}, code)
}

// unseen finds routes that don't show their policy what it reads.
func (f *Folder) unseen() (problems route.Problems) {
	for _, e := range f.Table.Entries {
		if !f.Policies.Has(e.Policy) {
			continue
		}
		if e.Input.Body == route.BodyNone && f.Policies.ReadsBody(e.Policy) {
			problems = append(problems, unseen(e, "the body", "is refused", "policy_input: { body: json }"))
		}
		for _, header := range f.Policies.HeadersOf(e.Policy) {
			if !slices.ContainsFunc(e.Input.Headers, func(h string) bool { return strings.EqualFold(h, header) }) {
				problems = append(problems, unseen(e, "the header "+header, "is decided without it", fmt.Sprintf("policy_input: { headers: [%s] }", header)))
			}
		}
	}
	return problems
}

// unused finds policies that no route names.
func (f *Folder) unused() (problems route.Problems) {
	for _, name := range f.Policies.Names() {
		if len(f.guarded(name)) == 0 {
			problems = append(problems, route.Problem{
				Code: route.CodeUnused, Severity: route.Warning, Origin: f.Policies.Origin(name),
				Message: fmt.Sprintf("no route names the policy %s", name),
				Hint:    fmt.Sprintf("write policy: %s at a route, or delete it; what policies share says neither allow nor decision", name),
			})
		}
	}
	return problems
}

func unseen(e *routetable.Entry, what, becomes, hint string) route.Problem {
	return route.Problem{
		Code: route.CodePolicyBroken, Severity: route.Warning, Origin: e.Origin, Route: e.ID,
		Message: fmt.Sprintf("the policy %s reads %s, which the route %s doesn't show it: every request %s", e.Policy, what, e.ID, becomes),
		Hint:    hint,
	}
}

// Print writes the report for people. With verbose it lists the policies, too.
func (r *Report) Print(w io.Writer, verbose bool) error {
	var b strings.Builder
	if len(r.Problems) > 0 {
		b.WriteString(r.Problems.Text() + "\n\n")
	}
	if verbose {
		for _, p := range r.Policies {
			p.print(&b)
		}
	}
	b.WriteString(r.summary() + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func (p *Policy) print(b *strings.Builder) {
	fmt.Fprintf(b, "%s\n", p.Name)
	for _, row := range []struct {
		name string
		list []string
		none string
	}{{"guards", p.Routes, "no route"}, {"reads", p.Reads, "nothing"}} {
		text := row.none
		if len(row.list) > 0 {
			text = wrapped(row.list)
		}
		fmt.Fprintf(b, "  %-7s %s\n", row.name, text)
	}
	fmt.Fprintf(b, "  %-7s %s\n\n", "kept", keeps(p.Kept))
}

func keeps(kept bool) string {
	if kept {
		return "yes, for 5s at most"
	}
	return "no, it depends on more than its input, or on input that can't be told beforehand"
}

// wrapped joins words to lines of a terminal.
func wrapped(words []string) string {
	var b strings.Builder
	width := 0
	for i, word := range words {
		if i > 0 && width+len(word) > 84 {
			b.WriteString("\n          ")
			width = 0
		} else if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
		width += len(word) + 1
	}
	return b.String()
}

func (r *Report) summary() string {
	routes := 0
	for _, p := range r.Policies {
		routes += len(p.Routes)
	}
	text := fmt.Sprintf("%s, %s passed", count(len(r.Policies), "policy"), count(r.Tests, "test"))
	if routes > 0 {
		text += ", " + count(routes, "route") + " guarded"
	}
	switch {
	case r.Errors > 0:
		return fmt.Sprintf("%s, %s; a gateway keeps what it has", count(r.Errors, "error"), count(r.Warnings, "warning"))
	case r.Warnings > 0:
		return fmt.Sprintf("%s, %s; revision %s", text, count(r.Warnings, "warning"), r.Revision)
	}
	return fmt.Sprintf("%s, no problems; revision %s", text, r.Revision)
}

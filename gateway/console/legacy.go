package console

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"ficus/gateway/mining"
	"ficus/gateway/overview"
	"ficus/gateway/route"
)

// maxTemplates bounds how many templates a page lists.
const maxTemplates = 200

type legacyData struct {
	mining.Findings
	Rows []templateRow
}

type templateRow struct {
	mining.Template
	Share string // of all that was found, as percent
	Width string // of its bar, against the most used
}

func (c *Console) legacyPage(w http.ResponseWriter, r *http.Request) {
	d := legacyData{Findings: c.Mined.Findings(maxTemplates)}
	for _, t := range d.Templates {
		d.Rows = append(d.Rows, templateRow{
			Template: t, Share: share(overview.Side{Rate: 1, Errors: overview.Number(t.Count / max(1, d.Count))}),
			Width: coordinate(100 * t.Count / d.Templates[0].Count),
		})
	}
	c.show(w, r, "legacy", "Only legacy", d)
}

// proposal is a route that could begin to move.
type proposal struct {
	Match    string
	YAML     string
	Problems route.Problems
}

// proposePage prints a route for a template, as it may be written into a file of the
// folder, and says what the gateway would have to say about it. It writes nothing.
func (c *Console) proposePage(w http.ResponseWriter, r *http.Request) {
	path, methods := r.URL.Query().Get("path"), r.URL.Query()["method"]
	if !strings.HasPrefix(path, "/") || len(path) > 2*mining.MaxPath || strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		c.fail(w, r, http.StatusBadRequest, "That is no path of a route.")
		return
	}
	p := proposal{Match: match(path, methods)}
	p.YAML = c.proposed(path, p.Match)
	p.Problems = c.Tables.Try("proposed.yaml", []byte(p.YAML))
	c.show(w, r, "propose", "Propose a route", p)
}

// match is the pattern for a path: of one method where only that is used, GET including
// HEAD.
func match(path string, methods []string) string {
	methods = slices.DeleteFunc(slices.Clone(methods), func(m string) bool { return m == "HEAD" && slices.Contains(methods, "GET") })
	if len(methods) == 1 && slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, methods[0]) {
		return methods[0] + " " + path
	}
	return path
}

func (c *Console) proposed(path, match string) string {
	id := c.freeID(path)
	var b strings.Builder
	fmt.Fprintf(&b, "routes:\n  - id: %s\n    match: %s\n", id, quoted(match))
	b.WriteString("    description: proposed from traffic that only legacy serves\n    stage: legacy # then shadow, canary, new\n    # backend: the service that will take it over\n")
	if !strings.HasPrefix(match, "GET ") && !strings.HasPrefix(match, "HEAD ") && !strings.HasPrefix(match, "OPTIONS ") {
		b.WriteString("    policy: public # it may change state: name who may\n")
	}
	return b.String()
}

// quoted writes a text for YAML: in quotes, so that nothing in it means anything.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// freeID makes an id of the literals of a path that no route has yet.
func (c *Console) freeID(path string) string {
	var words []string
	for _, segment := range strings.Split(path, "/") {
		if word := slug(segment); word != "" && !strings.HasPrefix(segment, "{") {
			words = append(words, word)
		}
	}
	base := strings.Trim(strings.Join(words, "-"), "-_")
	base = cmp.Or(strings.TrimRight(base[:min(len(base), 50)], "-_"), "home")
	for n, id := 2, base; ; n++ {
		if _, taken := c.Route(id); !taken && id != route.DefaultID {
			return id
		}
		id = fmt.Sprintf("%s-%d", base, n)
	}
}

func slug(segment string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		case r == '-' || r == '.':
			return '-'
		}
		return -1
	}, segment), "-_")
}

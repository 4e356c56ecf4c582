// Package export is what "ficus routes export" does: it writes a table as the
// configuration of another gateway, so that who leaves Ficus takes the table along.
//
// What the other can't say is never dropped silently. A loss is a part of this table
// that is missing in the configuration, or that it says otherwise; a note is an odd
// request that the other reads otherwise, whatever the table. Both stand at the head of
// the configuration and in the [Result].
//
// The functions read what the table means, not how its files are written: routes stand
// in the order in which the matcher prefers them, so that a target that takes the first
// that fits gives each request the same owner.
package export

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// A Target is a gateway that a table can be written for.
type Target string

// The targets.
const (
	Caddy      Target = "caddy"       // Caddy's JSON
	Nginx      Target = "nginx"       // a whole nginx.conf
	GatewayAPI Target = "gateway-api" // HTTPRoutes of gateway.networking.k8s.io/v1, as YAML
	Eskip      Target = "eskip"       // routes of Skipper
)

// Targets lists all targets.
var Targets = [...]Target{Caddy, Nginx, GatewayAPI, Eskip}

// A Code names a kind of finding; it is stable.
type Code string

// The kinds of losses.
const (
	CodeGraphQL    Code = "graphql"    // conditions on a GraphQL operation
	CodeConditions Code = "conditions" // other conditions
	CodePattern    Code = "pattern"    // method, host or path
	CodeOrder      Code = "order"      // which of two routes wins
	CodeStickiness Code = "stickiness" // a client stays on its side
	CodeForce      Code = "force"      // the choice of a side by a signed token
	CodePolicy     Code = "policy"     // who may
	CodeRewrite    Code = "rewrite"    // changes of requests and answers
	CodeMapBack    Code = "map_back"   // addresses in answers
	CodeBackend    Code = "backend"    // addresses, balance, transport, health or limits of a backend
	CodeShadow     Code = "shadow"     // copies to the side that does not serve
	CodeFallback   Code = "fallback"   // tries, breakers, and legacy in the place of the new side
	CodeTimeout    Code = "timeout"    // how long things may take
	CodeLimit      Code = "limit"      // rate limit and priority
	CodeFaults     Code = "faults"     // what is broken on purpose
)

// A Finding is one thing that the configuration says otherwise than the table.
type Finding struct {
	Code    Code   `json:"code"`
	Route   string `json:"route,omitempty"`   // the id of the route concerned
	Backend string `json:"backend,omitempty"` // the name of the backend concerned
	Place   string `json:"place,omitempty"`   // file:line:column
	Message string `json:"message"`
}

// String returns the finding in one line: place, what it concerns, code and message.
func (f Finding) String() string {
	text := ""
	if f.Place != "" {
		text = f.Place + ": "
	}
	if f.Route != "" {
		text += "route " + f.Route + ": "
	}
	if f.Backend != "" {
		text += "backend " + f.Backend + ": "
	}
	return fmt.Sprintf("%s%s: %s", text, f.Code, f.Message)
}

// A Result is a table as written for a target.
type Result struct {
	Target   Target    `json:"target"`
	Revision string    `json:"revision"` // of the table
	Routes   int       `json:"routes"`   // of the table, the default aside
	Lost     []Finding `json:"lost"`     // by place
	Notes    []Finding `json:"notes"`
	Config   string    `json:"config,omitempty"`
}

// Write writes a set, and the table that it compiles to, for a target.
func Write(target Target, set route.Set, table *routetable.Table) (Result, error) {
	s := newSource(set, table)
	var body func() string
	comment := "# "
	switch target {
	case Caddy:
		w := caddyWriter{s}
		body, comment = w.write, ""
	case Nginx:
		w := newNginxWriter(s)
		body = w.write
	case GatewayAPI:
		w := newGatewayWriter(s)
		body = w.write
	case Eskip:
		w := eskipWriter{s}
		body, comment = w.write, "// "
	default:
		return Result{}, fmt.Errorf("unknown target %q (use %s)", target, targetList())
	}
	text := body()
	s.sort()
	if comment != "" {
		text = commented(s.head(), comment) + "\n" + strings.TrimPrefix(text, "\n")
	}
	return Result{
		Target: target, Revision: table.Revision, Routes: len(table.Entries) - 1,
		Lost: s.lost, Notes: s.notes, Config: text,
	}, nil
}

func targetList() string {
	names := make([]string, len(Targets))
	for i, t := range Targets {
		names[i] = string(t)
	}
	return strings.Join(names, ", ")
}

// PrintFindings writes losses and notes for people.
func (r Result) PrintFindings(w io.Writer) error {
	_, err := io.WriteString(w, strings.Join(findingLines(r.Lost, r.Notes), "\n")+"\n")
	return err
}

func findingLines(lost, notes []Finding) []string {
	var lines []string
	list := func(title string, findings []Finding) {
		if len(findings) == 0 {
			return
		}
		lines = append(lines, title)
		for _, f := range findings {
			lines = append(lines, "  "+f.String())
		}
	}
	if len(lost) == 0 {
		lines = append(lines, "Nothing of the table is lost.")
	}
	list("Lost:", lost)
	list("Read otherwise, whatever the table:", notes)
	return lines
}

// commented makes each line a comment.
func commented(lines []string, mark string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(strings.TrimRight(mark+line, " ") + "\n")
	}
	return b.String()
}

func (s *source) sort() {
	slices.SortStableFunc(s.lost, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Route, b.Route), cmp.Compare(a.Backend, b.Backend), cmp.Compare(a.Code, b.Code))
	})
}

package plan

import (
	"cmp"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"

	"ficus/gateway/graphql"
	"ficus/gateway/routetable"
	"ficus/gateway/tools/accesslog"
)

// Traffic is what the change does to requests that were observed. What a canary does
// with them can only be expected: on which side a client is, a log does not tell.
type Traffic struct {
	Source   string    `json:"source"`
	Requests int64     `json:"requests"`
	BadLines int64     `json:"bad_lines"` // that tell of no request; not among the requests
	Bad      []BadLine `json:"bad"`       // the first of them

	OtherRoute int64   `json:"other_route"`        // requests that another route owns now
	Otherwise  int64   `json:"treated_otherwise"`  // requests that are treated otherwise, by another route or the same
	ToNew      float64 `json:"to_new_expected"`    // requests that go to the new side and did not before
	ToLegacy   float64 `json:"to_legacy_expected"` // requests that go back to legacy
	DefaultOld int64   `json:"default_old"`        // requests that no route took
	DefaultNew int64   `json:"default_new"`        // requests that no route takes
	Undecided  int64   `json:"undecided"`          // requests of which the log does not hold what conditions ask for

	Pairs []Pair `json:"pairs"` // those with most requests first
}

// A BadLine is a line of a log that can't be used.
type BadLine struct {
	Line int    `json:"line"`
	Why  string `json:"why"`
}

// A Pair is the observed requests that one route owned and that another, or the same
// with another treatment, owns now.
type Pair struct {
	From     Treatment `json:"from"`
	To       Treatment `json:"to"`
	Requests int64     `json:"requests"`
	Share    float64   `json:"share_percent"` // of all requests
	ToNew    float64   `json:"to_new_expected"`
	ToLegacy float64   `json:"to_legacy_expected"`
}

// maxBad is how many bad lines are shown.
const maxBad = 3

// Observe reads a log to its end and adds to the report what the change does to the
// requests in it. Memory does not grow with the log. The host is that of requests whose
// line names none.
func (r *Report) Observe(source, host string, log *accesslog.Reader) error {
	t := &Traffic{Source: source, Bad: []BadLine{}, Pairs: []Pair{}}
	counts := map[[2]int]int64{} // by the indexes of the entries
	for {
		seen, err := log.Next()
		var bad *accesslog.BadLine
		switch {
		case errors.As(err, &bad):
			t.BadLines++
			if len(t.Bad) < maxBad {
				t.Bad = append(t.Bad, BadLine{bad.Line, bad.Why})
			}
			continue
		case errors.Is(err, io.EOF):
			t.add(r.compared, counts)
			r.Traffic = t
			return nil
		case err != nil:
			return err
		}
		seen.Host = cmp.Or(seen.Host, host)
		counts[r.compared.owners(seen, t)]++
	}
}

// owners asks both tables.
func (c *comparison) owners(seen accesslog.Request, t *Traffic) [2]int {
	known := routetable.Seen{
		Headers: seen.Header != nil,
		Cookies: seen.Header != nil && seen.Header.Get("Cookie") != redacted,
	}
	t.Requests++
	request := requestOf(seen) // a copy for each match
	if c.old.table.Undecided(request, known) || c.new.table.Undecided(request, known) {
		t.Undecided++
	}
	before, now := request, request
	return [2]int{c.old.table.Match(&before).Index, c.new.table.Match(&now).Index}
}

// redacted is what Caddy logs in place of cookies.
const redacted = "REDACTED"

func requestOf(seen accesslog.Request) routetable.Request {
	r := routetable.Request{
		Method: seen.Method, Host: seen.Host, Path: routetable.Canonical(seen.Path),
		RawQuery: seen.Query, Header: seen.Header,
	}
	if seen.Method == http.MethodGet || seen.Method == http.MethodHead {
		r.Body = query(seen.Query)
	}
	return r
}

// query reads a GraphQL operation out of a query.
type query string

func (q query) ReadOperation() *graphql.Operation { return graphql.FromQuery(string(q)) }

// add fills in the counts.
func (t *Traffic) add(c *comparison, counts map[[2]int]int64) {
	for _, key := range slices.SortedFunc(maps.Keys(counts), func(x, y [2]int) int {
		return cmp.Or(cmp.Compare(counts[y], counts[x]), cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1]))
	}) {
		n, a, b := counts[key], c.old.units[key[0]], c.new.units[key[1]]
		if a.entry == c.old.table.Default() {
			t.DefaultOld += n
		}
		if b.entry == c.new.table.Default() {
			t.DefaultNew += n
		}
		sameRoute, alike := a.written.ID == b.written.ID, treatedAlike(a, b)
		if !sameRoute {
			t.OtherRoute += n
		}
		if !alike {
			t.Otherwise += n
		}
		if sameRoute && alike {
			continue
		}
		m := moveOf(a, b)
		p := Pair{
			From: treatmentOf(a), To: treatmentOf(b), Requests: n, Share: 100 * float64(n) / float64(t.Requests),
			ToNew: m.toNew * float64(n), ToLegacy: m.toLegacy * float64(n),
		}
		t.ToNew += p.ToNew
		t.ToLegacy += p.ToLegacy
		t.Pairs = append(t.Pairs, p)
	}
}

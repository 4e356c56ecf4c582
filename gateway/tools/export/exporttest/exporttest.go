// Package exporttest makes tables and requests by chance, for tests that compare what
// an exported configuration does with what the table says. Equal seeds make equal
// tables.
package exporttest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// Kind says what tables may hold beside paths and methods.
type Kind struct {
	Hosts      bool
	Conditions bool
}

var (
	patternMethods  = []string{"", "", "", "GET ", "GET ", "HEAD ", "POST ", "DELETE ", "PURGE "}
	patternHosts    = []string{"", "", "", "shop.example.com", "*.example.com", "*.eu.example.com", "other.test"}
	patternSegments = []string{"a", "a", "b", "{x}", "{x}", "c%20d", "caf%C3%A9", "a.b", "x$1+", "(y"}
	lastSegments    = []string{"", "", "/", "/{rest...}", "/{$}"}

	requestMethods  = []string{"GET", "GET", "GET", "HEAD", "POST", "DELETE", "PUT", "PURGE"}
	requestHosts    = []string{"shop.example.com", "SHOP.example.com:8443", "a.b.example.com", "x.eu.example.com", "example.com", "other.test", "nobody.test"}
	requestSegments = []string{"a", "a", "a", "b", "z", "A", "c%20d", "caf%C3%A9", "a.b", "axb", "x$1+", "(y"}
	values          = []string{"de", "de*", "*", "at", "a b", "{de}", "d.", `"q"\`}
	sent            = []string{"de", "de1", "dx", "at", "a b", "{de}", "d."}
)

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

// Table makes a set that compiles, and its table. Each route is at stage new on a
// backend of its own, named as the route.
func Table(r *rand.Rand, kind Kind) (route.Set, *routetable.Table) {
	set := route.Set{Backends: []route.Backend{{Name: route.LegacyBackend, Addresses: []string{"http://127.0.0.1:1"}}}}
	table, _ := routetable.Compile(set, routetable.Options{})
	for i := range 8 + r.IntN(12) {
		id := fmt.Sprintf("r%d", i)
		d := route.Definition{ID: id, Match: pattern(r, kind), Settings: route.Settings{Backend: id, Stage: route.StageNew, Policy: route.PolicyPublic}}
		if kind.Conditions && r.IntN(2) == 0 {
			d.When = conditions(r)
		}
		more := route.Set{
			Backends: append(set.Backends[:len(set.Backends):len(set.Backends)], route.Backend{Name: id, Addresses: []string{"http://127.0.0.1:1"}}),
			Routes:   append(set.Routes[:len(set.Routes):len(set.Routes)], d),
		}
		if compiled, problems := routetable.Compile(more, routetable.Options{Now: time.Time{}}); !problems.HasErrors() {
			set, table = more, compiled
		}
	}
	return set, table
}

func pattern(r *rand.Rand, kind Kind) string {
	text := pick(r, patternMethods)
	if kind.Hosts {
		text += pick(r, patternHosts)
	}
	for i := range r.IntN(4) {
		segment := pick(r, patternSegments)
		if segment == "{x}" {
			segment = fmt.Sprintf("{x%d}", i)
		}
		text += "/" + segment
	}
	end := pick(r, lastSegments)
	if !strings.Contains(text, "/") && end == "" {
		end = "/"
	}
	return text + end
}

func conditions(r *rand.Rand) route.Conditions {
	var c route.Conditions
	one := func(name string, from []string) map[string]route.Wanted {
		return map[string]route.Wanted{name: route.Wanted(pick(r, from))}
	}
	if r.IntN(3) == 0 {
		c.Header = one("X-Tenant", values)
	}
	if r.IntN(3) == 0 {
		c.Cookie = one("lang-1", values[:4])
	}
	if r.IntN(3) == 0 {
		c.Query = one("q", values[:6])
	}
	if r.IntN(4) == 0 {
		c.ContentType = route.Wanted(pick(r, []string{"application/json", "image/*", "application/*"}))
	}
	if r.IntN(8) == 0 {
		c.Query = map[string]route.Wanted{"q": "de*", "r": route.Wanted(pick(r, values[:6]))}
	}
	return c
}

// Spelling says how requests write their paths.
type Spelling struct {
	Dots     bool // segments that are . or ..
	Slashes  bool // two slashes in a row
	Needless bool // letters that are escaped
}

// A Request is one that a client sends.
type Request struct {
	Method, Host string
	Target       string // path and query, as on the wire
	Header       http.Header
}

// String writes the request in a line.
func (r Request) String() string {
	return fmt.Sprintf("%s %s%s %v", r.Method, r.Host, r.Target, r.Header)
}

// Parts returns the canonical path and the query.
func (r Request) Parts() (path, query string) {
	path, query, _ = strings.Cut(r.Target, "?")
	return routetable.Canonical(path), query
}

// Owner asks the table who owns the request.
func (r Request) Owner(table *routetable.Table) *routetable.Entry {
	path, query := r.Parts()
	return table.Match(&routetable.Request{Method: r.Method, Host: r.Host, Path: path, RawQuery: query, Header: r.Header})
}

// MakeRequest makes a request.
func MakeRequest(r *rand.Rand, spelling Spelling) Request {
	q := Request{Method: pick(r, requestMethods), Host: pick(r, requestHosts), Header: http.Header{}}
	for range r.IntN(5) {
		segment := pick(r, requestSegments)
		switch {
		case spelling.Dots && r.IntN(12) == 0:
			segment = pick(r, []string{".", "..", "%2e%2E"})
		case spelling.Slashes && r.IntN(12) == 0:
			segment = ""
		case spelling.Needless && r.IntN(12) == 0:
			segment = "%61"
		}
		q.Target += "/" + segment
	}
	if q.Target == "" || r.IntN(3) == 0 && (spelling.Slashes || !strings.HasSuffix(q.Target, "/")) {
		q.Target += "/"
	}
	var query []string
	if r.IntN(2) == 0 {
		query = append(query, "q="+escape(pick(r, sent)))
	}
	if r.IntN(4) == 0 {
		query = append(query, "r="+escape(pick(r, sent)))
	}
	if len(query) > 0 {
		q.Target += "?" + strings.Join(query, "&")
	}
	if r.IntN(2) == 0 {
		q.Header.Set("X-Tenant", pick(r, append(sent, `"q"\`)))
	}
	if r.IntN(2) == 0 {
		q.Header.Set("Cookie", "other=de; lang-1="+pick(r, sent[:3]))
	}
	if r.IntN(2) == 0 {
		q.Header.Set("Content-Type", pick(r, []string{"application/json", "Application/JSON; charset=utf-8", "image/png", "text/plain"}))
	}
	return q
}

func escape(value string) string {
	return strings.NewReplacer(" ", "%20", "{", "%7B", "}", "%7d").Replace(value)
}

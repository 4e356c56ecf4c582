package export

import (
	"math/rand/v2"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ficus/gateway/tools/export/exporttest"
)

// eskipRoute is a route as read back.
type eskipRoute struct {
	id         string
	weight     int
	predicates []eskipCall
	filters    []eskipCall
	backend    string
}

type eskipCall struct {
	name      string
	arguments []string
}

// readEskip reads the part of the language that is written here: texts in double
// quotes, numbers, one predicate or filter a line.
func readEskip(t *testing.T, text string) []eskipRoute {
	t.Helper()
	var routes []eskipRoute
	var r *eskipRoute
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "//"):
		case strings.HasSuffix(line, ":"):
			routes = append(routes, eskipRoute{id: strings.TrimSuffix(line, ":")})
			r = &routes[len(routes)-1]
		case line == "*":
		case strings.HasPrefix(line, "-> ") && strings.HasSuffix(line, ";"):
			r.backend = strings.TrimSuffix(strings.TrimPrefix(line, "-> "), ";")
		case strings.HasPrefix(line, "-> "):
			r.filters = append(r.filters, readCall(t, strings.TrimPrefix(line, "-> ")))
		default:
			call := readCall(t, strings.TrimPrefix(line, "&& "))
			if call.name == "Weight" {
				r.weight, _ = strconv.Atoi(call.arguments[0])
				continue
			}
			r.predicates = append(r.predicates, call)
		}
	}
	for i := range routes {
		routes[i].weight += len(routes[i].predicates)
	}
	slices.SortStableFunc(routes, func(a, b eskipRoute) int { return b.weight - a.weight })
	return routes
}

func readCall(t *testing.T, text string) eskipCall {
	t.Helper()
	name, rest, ok := strings.Cut(text, "(")
	call := eskipCall{name: name}
	for ok && rest != ")" {
		rest = strings.TrimPrefix(rest, ", ")
		if rest == "" {
			t.Fatalf("no call: %s", text)
		}
		if rest[0] != '"' {
			end := strings.IndexAny(rest, ",)")
			call.arguments = append(call.arguments, rest[:end])
			rest = rest[end:]
			continue
		}
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			t.Fatalf("%v: %s", err, rest)
		}
		value, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatal(err)
		}
		call.arguments = append(call.arguments, value)
		rest = rest[len(quoted):]
	}
	return call
}

// eskipOwner decides as Skipper does for routes without Path: by weight.
func eskipOwner(t *testing.T, routes []eskipRoute, q exporttest.Request) string {
	t.Helper()
	target, query, _ := strings.Cut(q.Target, "?")
	decoded, err := url.PathUnescape(target)
	if err != nil {
		t.Fatal(err)
	}
	values, _ := url.ParseQuery(query)
	request := http.Request{Header: q.Header}
	clean := path.Clean(decoded)
	if clean != "/" && strings.HasSuffix(decoded, "/") {
		clean += "/"
	}
	holds := func(c eskipCall) bool {
		matches := func(i int, values ...string) bool {
			return slices.ContainsFunc(values, regexp.MustCompile(c.arguments[i]).MatchString)
		}
		switch c.name {
		case "Host":
			return matches(0, q.Host)
		case "Method", "Methods":
			return slices.Contains(c.arguments, q.Method)
		case "PathRegexp":
			return matches(0, clean)
		case "HeaderRegexp":
			return matches(1, q.Header[http.CanonicalHeaderKey(c.arguments[0])]...)
		case "QueryParam":
			return matches(1, values[c.arguments[0]]...)
		case "Cookie":
			cookie, err := request.Cookie(c.arguments[0])
			return err == nil && matches(1, cookie.Value)
		}
		t.Fatalf("unknown predicate %s", c.name)
		return false
	}
	for _, r := range routes {
		if !slices.ContainsFunc(r.predicates, func(c eskipCall) bool { return !holds(c) }) {
			return r.id
		}
	}
	return "nobody"
}

func TestEskipOwners(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 5))
		set, table := exporttest.Table(r, exporttest.Kind{Hosts: seed%3 > 0, Conditions: seed%2 > 0})
		result, err := Write(Eskip, set, table)
		if err != nil {
			t.Fatal(err)
		}
		if len(result.Lost) > 0 {
			t.Errorf("lost: %v", result.Lost)
		}
		routes := readEskip(t, result.Config)
		for range 200 {
			q := exporttest.MakeRequest(r, exporttest.Spelling{Needless: true})
			if got, want := eskipOwner(t, routes, q), "r_"+q.Owner(table).ID; got != want {
				t.Fatalf("%s: Skipper takes %s, the table %s\n%s", q, got, want, result.Config)
			}
		}
	}
}

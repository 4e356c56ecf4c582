package export

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/tools/export"
	"ficus/gateway/tools/export/exporttest"
)

// recorders are backends that answer with their number and with what they got.
type recorders struct {
	servers []*httptest.Server
	answer  http.Header // of every answer, beside the own ones
}

func newRecorders(t testing.TB, n int) *recorders {
	r := &recorders{answer: http.Header{}}
	for i := range n {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			for name, values := range r.answer {
				w.Header()[name] = values
			}
			w.Header().Set("X-Backend", fmt.Sprint(i))
			w.Header().Set("X-Address", "http://"+q.Context().Value(http.LocalAddrContextKey).(net.Addr).String())
			w.Header().Set("X-Got", q.RequestURI)
			w.Header().Set("X-Got-Host", q.Host)
			for _, name := range []string{"X-Env", "X-Secret"} {
				w.Header().Set("X-Got-"+name, strings.Join(q.Header[name], "|"))
			}
		}))
		t.Cleanup(server.Close)
		r.servers = append(r.servers, server)
	}
	return r
}

// give gives each backend of a set, by its place, the address of a recorder, and
// returns the set's table.
func (r *recorders) give(t testing.TB, set route.Set) (route.Set, *routetable.Table) {
	t.Helper()
	for i := range set.Backends {
		set.Backends[i].Addresses = []string{r.servers[i].URL}
	}
	table, problems := routetable.Compile(set, routetable.Options{})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	return set, table
}

// backendOf returns the name of the backend that answered.
func backendOf(set route.Set, answer *http.Response) string {
	for i, b := range set.Backends {
		if answer.Header.Get("X-Backend") == fmt.Sprint(i) {
			return b.Name
		}
	}
	return fmt.Sprintf("nobody: %s", answer.Status)
}

func write(t testing.TB, target export.Target, set route.Set, table *routetable.Table) export.Result {
	t.Helper()
	result, err := export.Write(target, set, table)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// client sends requests as they are written.
var client = &http.Client{
	Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 4},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// send sends a request to an address, host:port, and returns the answer's head.
func send(t testing.TB, address string, q exporttest.Request) *http.Response {
	t.Helper()
	path, query, _ := strings.Cut(q.Target, "?")
	u := &url.URL{Scheme: "http", Host: address, Opaque: path, RawQuery: query}
	if strings.HasPrefix(path, "//") { // which as Opaque would be read as an authority
		decoded, err := url.PathUnescape(path)
		if err != nil {
			t.Fatal(err)
		}
		u.Opaque, u.Path, u.RawPath = "", decoded, path
	}
	request := &http.Request{Method: q.Method, URL: u, Host: q.Host, Header: q.Header.Clone()}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return answer
}

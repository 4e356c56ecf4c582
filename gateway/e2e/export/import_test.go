package export

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"ficus/gateway/control"
	"ficus/gateway/routetable"
	"ficus/gateway/tools/export/exporttest"
	"ficus/gateway/tools/importer"
)

// locations is a server's locations by chance, each with a backend out of names, and one
// for all else.
func locations(r *rand.Rand, names []string) string {
	all := []string{
		"= /a", "= /a/b", "= /b/", "/a/", "/b", "/a/b/", "/b/", "/z/b", "/b/z/", "^~ /b/", "^~ /a/b/", "^~ /z/",
		"~ ^/a/[^/]+$", "~ ^/(b|z)/", "~ ^/[^/]+/b$", "~ ^/z(/|$)", "~ ^/a/.*$",
	}
	var b strings.Builder
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	taken := map[string]bool{}
	for _, location := range append(all[:2+r.IntN(3)], "/") {
		path := strings.TrimPrefix(location, "^~ ")
		if !taken[path] {
			fmt.Fprintf(&b, "        location %s {\n            proxy_pass http://%s;\n        }\n", location, names[r.IntN(len(names))])
		}
		taken[path] = true
	}
	return b.String()
}

// nginxByChance is a configuration such as people write: servers with locations.
func nginxByChance(r *rand.Rand, backends *recorders) string {
	var names []string
	var b strings.Builder
	b.WriteString("events {}\nhttp {\n    merge_slashes off;\n")
	for i, server := range backends.servers {
		names = append(names, fmt.Sprintf("b%d", i))
		fmt.Fprintf(&b, "    upstream b%d {\n        server %s;\n    }\n", i, strings.TrimPrefix(server.URL, "http://"))
	}
	hosts := []string{`""`, "shop.example.com", "*.example.com", ".eu.example.com", "other.test"}
	r.Shuffle(len(hosts), func(i, j int) { hosts[i], hosts[j] = hosts[j], hosts[i] })
	for i, name := range hosts {
		if i == 0 || r.IntN(3) == 0 {
			fmt.Fprintf(&b, "    server {\n        listen 8080;\n        server_name %s;\n%s    }\n", name, locations(r, names))
		}
	}
	return b.String() + "}\n"
}

// request makes one whose segments are those of locations, so that a prefix takes whole
// ones.
func request(r *rand.Rand) exporttest.Request {
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	target := ""
	for range 1 + r.IntN(4) {
		target += "/" + pick("a", "b", "z", "other", "%61")
	}
	return exporttest.Request{
		Method: pick("GET", "POST"), Target: target + pick("", "", "/", "?q=1"), Header: http.Header{},
		Host: pick("shop.example.com", "SHOP.example.com:81", "a.b.example.com", "x.eu.example.com", "eu.example.com", "other.test", "nobody.test"),
	}
}

// plainly reports whether a draft says all that the configuration does: what it lists may
// be no more than that it takes whole segments, that nginx redirects by itself, and what
// gets no request in nginx either.
func plainly(d importer.Draft) bool {
	for _, f := range append(d.Lost, d.Notes...) {
		if !strings.Contains(f.Message, ": narrower: the routes take ") && !strings.Contains(f.Message, "no request reaches it") && !strings.Contains(f.Message, "by a redirect") {
			return false
		}
	}
	return true
}

// What nginx does with a configuration the table that was made of it does too, where its
// draft says no different.
func TestNginxImported(t *testing.T) {
	backends := newRecorders(t, 6)
	compared := 0
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 9))
		config := nginxByChance(r, backends)
		draft, err := importer.Nginx(fstest.MapFS{"nginx.conf": {Data: []byte(config)}}, "", "nginx.conf")
		if err != nil {
			t.Fatalf("%v\n%s", err, config)
		}
		if !plainly(draft) {
			continue
		}
		compared++
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			files := fstest.MapFS{"all.yaml": {Data: []byte(draft.Text())}}
			v := control.Check(files, "routes", func(string) (string, bool) { return "", false }, time.Time{})
			if v.Table == nil {
				t.Fatal(v.Problems.Text())
			}
			compareWithNginx(t, r, runNginx(t, config), v.Table, config+draft.Text())
		})
	}
	if compared < 30 {
		t.Errorf("%d configurations are compared", compared)
	}
}

func compareWithNginx(t *testing.T, r *rand.Rand, address string, table *routetable.Table, shown string) {
	t.Helper()
	defer client.CloseIdleConnections()
	for range 200 {
		q := request(r)
		answer := send(t, address, q)
		path, query := q.Parts()
		if answer.StatusCode == http.StatusMovedPermanently && strings.HasSuffix(answer.Header.Get("Location"), path+"/"+strings.TrimSuffix("?"+query, "?")) {
			if !strings.Contains(shown, "by a redirect") {
				t.Errorf("%s: nginx redirects, and no note says so\n%s", q, shown)
			}
			continue
		}
		owner := q.Owner(table)
		want := addressOf(table, owner.BackendOf(owner.Sides()[0]))
		if got := answer.Header.Get("X-Address"); got != want {
			t.Fatalf("%s: nginx asks %s (%s), the table %s, by %s (%s)\n%s", q, got, answer.Status, want, owner.ID, owner.Pattern, shown)
		}
	}
}

func addressOf(table *routetable.Table, backend string) string {
	for _, b := range table.Backends {
		if b.Name == backend {
			return b.Addresses[0]
		}
	}
	return "none"
}

package mining

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	mathrand "math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func mine(visits ...string) Findings {
	m := New()
	for _, v := range visits {
		method, path, _ := strings.Cut(v, " ")
		m.Offer(method, path, 200)
		if len(m.queue) == cap(m.queue) {
			m.drain()
		}
	}
	return m.Findings(1000)
}

func paths(f Findings) (list []string) {
	for _, t := range f.Templates {
		list = append(list, t.Path)
	}
	return list
}

func TestTemplates(t *testing.T) {
	for _, tc := range []struct{ name, paths, want string }{
		{"numbers", "/wp/1/edit /wp/22/edit", "/wp/{n}/edit"},
		{"uuids", "/o/8c0a2b4e-9f1d-4c3b-8a7e-0123456789ab /o/1c0a2b4e-9f1d-4c3b-8a7e-0123456789ab", "/o/{uuid}"},
		{"hashes", "/c/d34db33f /c/1234567890abcdef1234567890abcdef12345678", "/c/{hash}"},
		{"dates", "/log/2027-01-02 /log/2026-12-31", "/log/{date}"},
		{"numbers and hashes", "/c/12 /c/d34db33f", "/c/{id}"},
		{"files", "/img/1.jpg /img/22.png", "/img/{file}"},
		{"files with names stay", "/css/site.css /css/site.css", "/css/site.css"},
		{"addresses of mail", "/u/ann@example.com /u/bob@example.com", "/u/{email}"},
		{"articles", "/p/lamp-1234 /p/desk-9912", "/p/{id}"},
		{"versions stay", "/api/v1/users /api/v1/users /api/v2/users /api/v2/users", "/api/v1/users /api/v2/users"},
		{"several wildcards", "/a/1/b/2 /a/3/b/4", "/a/{n}/b/{n2}"},
		{"the root, and slashes at the end", "/ / /docs/ /docs/", "/docs/{$} /{$}"},
		{"names of methods", "/getUserAccountDetails /getUserAccountDetails", "/getUserAccountDetails"},
		{"what is asked for once is not shown", "/once", ""},
		{"after a word that tells", "/password/Xk2 /password/Yz9 /password/edit /password/edit", "/password/edit /password/{token}"},
		{"no path of a pattern", "/a//b /a//b * *", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var visits []string
			for _, p := range strings.Fields(tc.paths) {
				visits = append(visits, "GET "+p)
			}
			got := paths(mine(visits...))
			slices.Sort(got)
			if diff := cmp.Diff(strings.Fields(tc.want), got, cmp.Transformer("", func(s []string) string { return strings.Join(s, " ") })); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestRankAndMethods(t *testing.T) {
	f := mine("GET /a/1", "POST /a/2", "GET /a/3", "BREW /a/4", "GET /b", "GET /b")
	if f.Taken != 6 || f.Count != 6 || len(f.Templates) != 2 {
		t.Fatalf("%+v", f)
	}
	want := Template{Path: "/a/{n}", Count: 4, Methods: []Method{{"GET", 2}, {"POST", 1}, {"other", 1}}}
	if diff := cmp.Diff(want, f.Templates[0]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Names of things become a wildcard when they are very many; what stands out among them
// stays.
func TestManyNames(t *testing.T) {
	var visits []string
	for i := range 400 {
		name := string([]byte{'a' + byte(i%26), 'a' + byte(i/26), 'x', 'y'})
		visits = append(visits, "GET /blog/posts/"+name, "GET /blog/posts/archive")
	}
	got := paths(mine(visits...))
	if want := []string{"/blog/posts/archive", "/blog/posts/{slug}"}; !cmp.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// No text that may be a secret is ever in a template.
func TestSecrets(t *testing.T) {
	random := func(n int) []byte { b := make([]byte, n); _, _ = rand.Read(b); return b }
	for range 2000 {
		for _, secret := range []string{
			base64.RawURLEncoding.EncodeToString(random(18)), base64.RawURLEncoding.EncodeToString(random(32)),
			hex.EncodeToString(random(16)), base32.StdEncoding.EncodeToString(random(15)), rand.Text(),
			"eyJhbGciOiJFZERTQSJ9." + base64.RawURLEncoding.EncodeToString(random(40)) + "." + base64.RawURLEncoding.EncodeToString(random(64)),
			"sk_live_" + rand.Text(), "ann." + rand.Text()[:4] + "@example.com",
		} {
			for _, p := range mine("GET /x/"+secret+"/y", "GET /x/"+secret+"/y").Templates {
				if strings.Contains(p.Path, secret) {
					t.Fatalf("%s is kept in %s", secret, p.Path)
				}
			}
		}
	}
}

func TestWhatDoesNotCount(t *testing.T) {
	m := New()
	m.Offer("GET", "/.env", 404)
	m.Offer("GET", "/"+strings.Repeat("x", MaxPath), 200)
	m.Offer("GET", "/a", 503)
	if f := m.Findings(1); f.Taken != 1 {
		t.Errorf("%d were taken", f.Taken)
	}
	var none *Miner
	none.Offer("GET", "/", 200)
	if f := none.Findings(1); f.Taken != 0 {
		t.Error("nobody has found something")
	}
}

// The queue is bounded, and what there is no room for is counted.
func TestDropped(t *testing.T) {
	m := New()
	for range queueLength + 7 {
		m.Offer("GET", "/a", 200)
	}
	if f := m.Findings(1); f.Dropped != 7 || f.Taken != queueLength || f.Templates[0].Count != queueLength {
		t.Errorf("%+v", f)
	}
}

// Whatever clients send, memory is bounded.
func TestHostilePaths(t *testing.T) {
	m := New()
	words := mathrand.New(mathrand.NewPCG(1, 2))
	text := func() string {
		b := make([]byte, 4+words.IntN(8))
		for i := range b {
			b[i] = 'a' + byte(words.IntN(26))
		}
		return string(b)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 200_000 {
		path := ""
		for range 1 + words.IntN(20) {
			path += "/" + text()
		}
		m.tree.add("GET", path)
		if m.tree.nodes > maxNodes {
			t.Fatalf("%d nodes", m.tree.nodes)
		}
	}
	if counted := countNodes(m.tree.root) - 1; counted != m.tree.nodes {
		t.Errorf("%d nodes are there, %d are counted", counted, m.tree.nodes)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if used := int64(after.HeapAlloc) - int64(before.HeapAlloc); used > 16<<20 {
		t.Errorf("%d bytes", used)
	}
	runtime.KeepAlive(m)
}

func countNodes(n *node) int {
	total := 1
	for _, child := range n.literals {
		total += countNodes(child)
	}
	if n.wild != nil {
		total += countNodes(n.wild)
	}
	return total
}

func TestFadesAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { m.Run(ctx); close(done) }()
		for range 8 {
			m.Offer("GET", "/a", 200)
		}
		time.Sleep(24*fadeEvery + drainEvery)
		if f := m.Findings(1); len(f.Templates) != 1 || f.Count < 3.9 || f.Count > 4.1 {
			t.Errorf("after a day: %+v", f)
		}
		time.Sleep(24 * 10 * fadeEvery)
		if f := m.Findings(1); f.Count != 0 || m.tree.nodes != 0 {
			t.Errorf("after ten days: %+v", f)
		}
		cancel()
		<-done
	})
}

// Whatever path comes, its template is a pattern, and one that matches it.
func FuzzTemplate(f *testing.F) {
	for _, path := range []string{"/", "/a/1", "/a%2Fb/%25", "/{x}/y", "/a/./..", "/ä/ö/", "/a//b", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14", "/a/{$}", "/a?b", "/a.b.c"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		path := routetable.Canonical(raw)
		got := mine("GET "+strings.ReplaceAll(path, " ", "%20"), "GET "+strings.ReplaceAll(path, " ", "%20"))
		if len(got.Templates) == 0 {
			return
		}
		path = strings.ReplaceAll(path, " ", "%20")
		table, problems := routetable.Compile(route.Set{
			Backends: []route.Backend{{Name: "legacy", Addresses: []string{"http://127.0.0.1:1"}}},
			Routes:   []route.Definition{{ID: "found", Match: "GET " + got.Templates[0].Path}},
		}, routetable.Options{})
		if problems.HasErrors() {
			t.Fatalf("%q: %v", path, problems)
		}
		if e := table.Match(&routetable.Request{Method: "GET", Host: "x", Path: path}); e.ID != "found" {
			t.Errorf("%q does not match %s", path, got.Templates[0].Path)
		}
	})
}

func BenchmarkOffer(b *testing.B) {
	m := New()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { m.Run(ctx); close(done) }()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			m.Offer("GET", "/api/orders/17/lines", 200)
		}
	})
	cancel()
	<-done
}

// What there is room for costs more than what is dropped.
func BenchmarkOfferWithRoom(b *testing.B) {
	m := New()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%queueLength == queueLength-1 {
			for range len(m.queue) { // costs as much again, and is counted
				<-m.queue
			}
		}
		m.Offer("GET", "/api/orders/17/lines", 200)
	}
	if m.dropped.Load() > 0 {
		b.Error("no room")
	}
}

func BenchmarkTake(b *testing.B) {
	m := New()
	all := make([]string, 5000)
	for i := range all {
		all[i] = fmt.Sprintf("/area%d/things/%d/part", i%40, i)
	}
	for i := 0; b.Loop(); i++ {
		m.tree.add("GET", all[i%len(all)])
	}
}

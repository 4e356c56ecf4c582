package routetable_test

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/routetable"
	"ficus/gateway/tools/export/exporttest"
)

func TestParts(t *testing.T) {
	p, err := routetable.ParsePattern("GET *.Example.com/a%2Fb/{id}/{rest...}")
	if err != nil {
		t.Fatal(err)
	}
	want := []routetable.Part{{routetable.Literal, "a%2Fb"}, {routetable.Wildcard, "id"}, {routetable.Rest, "rest"}}
	if diff := cmp.Diff(want, p.Parts()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if p.Method() != "GET" || p.Host() != "*.example.com" {
		t.Errorf("method %q, host %q", p.Method(), p.Host())
	}
	end, err := routetable.ParsePattern("/a/{$}")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]routetable.Part{{routetable.Literal, "a"}, {routetable.End, ""}}, end.Parts()); diff != "" || end.Host() != "" {
		t.Errorf("host %q (-want +got)\n%s", end.Host(), diff)
	}
	template, err := routetable.ParseTemplate("/v2/{id}/", p)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]routetable.Part{{routetable.Literal, "v2"}, {routetable.Wildcard, "id"}, {routetable.Rest, ""}}, template.Parts()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	text, err := routetable.ParseText("a {{b}} {id} {rest}", p)
	if err != nil {
		t.Fatal(err)
	}
	got := text.Write(func(s string) string { return "<" + s + ">" }, func(s string) string { return "$" + s })
	if diff := cmp.Diff([]string{"id", "rest"}, text.Names()); diff != "" || got != "<a {><b}>< >$id< >$rest" {
		t.Errorf("written as %q; names (-want +got)\n%s", got, diff)
	}
}

func TestCovers(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want bool
	}{
		{"/", "/a", true}, {"/a", "/", false}, {"/a", "/a", true}, {"/{x}", "/{y}", true},
		{"/{x}", "GET /a", true}, {"GET /{x}", "/a", false}, {"GET /a", "HEAD /a", true},
		{"/a/", "/a", false}, {"/a/", "/a/{$}", true}, {"example.com/", "/a", false}, {"*.example.com/", "www.example.com/a", true},
		{"/a/{x}", "/{y}/b", false}, {"/a", "/b", false},
	} {
		a, err := routetable.ParsePattern(tc.a)
		if err != nil {
			t.Fatal(err)
		}
		b, err := routetable.ParsePattern(tc.b)
		if err != nil {
			t.Fatal(err)
		}
		if got := routetable.Covers(a, b); got != tc.want {
			t.Errorf("Covers(%s, %s) is %v", tc.a, tc.b, got)
		}
	}
}

// Who owns a request wins over all others that match it, and none of them over it.
func TestWinsAgreesWithTheMatcher(t *testing.T) {
	compared := 0
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		_, table := exporttest.Table(r, exporttest.Kind{Hosts: true, Conditions: true})
		for range 50 {
			q := exporttest.MakeRequest(r, exporttest.Spelling{})
			path, query := q.Parts()
			matching := table.Matching(routetable.Request{Method: q.Method, Host: q.Host, Path: path, RawQuery: query, Header: q.Header})
			for _, other := range matching[1:] {
				compared++
				if !routetable.Wins(matching[0], other) || routetable.Wins(other, matching[0]) {
					t.Fatalf("%s: owned by %q, which Wins denies over %q", q, matching[0].Pattern, other.Pattern)
				}
			}
		}
	}
	if compared < 1000 {
		t.Errorf("only %d pairs compared", compared)
	}
}

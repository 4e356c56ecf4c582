package parity

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/route"
)

func answer(status int, media, body string, header ...string) *Answer {
	a := &Answer{Status: status, Header: http.Header{}, Body: []byte(body)}
	if media != "" {
		a.Header.Set("Content-Type", media)
	}
	for i := 0; i < len(header); i += 2 {
		a.Header.Add(header[i], header[i+1])
	}
	return a
}

func TestCompare(t *testing.T) {
	const js, text = "application/json", "text/plain"
	tooLarge := answer(200, text, "")
	tooLarge.TooLarge = true
	tests := map[string]struct {
		rules         route.Shadow
		legacy, other *Answer
		want          Difference
	}{
		"equal":               {legacy: answer(200, text, "a"), other: answer(200, text, "a"), want: Difference{Kind: Match}},
		"nothing at all":      {legacy: answer(204, "", ""), other: answer(204, "", ""), want: Difference{Kind: Match}},
		"status first":        {legacy: answer(200, text, "a"), other: answer(404, js, "b"), want: Difference{Kind: Status}},
		"header":              {legacy: answer(200, text, "a"), other: answer(200, "text/html", "b"), want: Difference{Header, "Content-Type"}},
		"header is missing":   {legacy: answer(200, text, "a"), other: answer(200, "", "a"), want: Difference{Header, "Content-Type"}},
		"charset":             {legacy: answer(200, "text/html; charset=UTF-8", "a"), other: answer(200, "text/HTML;charset=utf-8", "a"), want: Difference{Kind: Match}},
		"another charset":     {legacy: answer(200, "text/html; charset=UTF-8", "a"), other: answer(200, "text/html;charset=latin1", "a"), want: Difference{Header, "Content-Type"}},
		"a type that is none": {legacy: answer(200, "a/b; c=", "a"), other: answer(200, "a/b; d=", "a"), want: Difference{Header, "Content-Type"}},
		"no header compared":  {rules: route.Shadow{Headers: []string{}}, legacy: answer(200, text, "a"), other: answer(200, js, "a"), want: Difference{Kind: Match}},
		"another header, by any spelling": {rules: route.Shadow{Headers: []string{"x-total"}},
			legacy: answer(200, text, "a", "X-Total", "1"), other: answer(200, text, "a", "X-Total", "2"), want: Difference{Header, "X-Total"}},
		"lines of a header in another order": {rules: route.Shadow{Headers: []string{"Vary"}},
			legacy: answer(200, "", "", "Vary", "a", "Vary", "b"), other: answer(200, "", "", "Vary", "b", "Vary", "a"), want: Difference{Header, "Vary"}},
		"too large":               {legacy: tooLarge, other: answer(200, text, "a"), want: Difference{Kind: TooLarge}},
		"too large on both sides": {legacy: tooLarge, other: tooLarge, want: Difference{Kind: TooLarge}},
		"too large, other status": {legacy: tooLarge, other: answer(500, text, "a"), want: Difference{Kind: Status}},
		"body":                    {legacy: answer(200, text, "abc"), other: answer(200, text, "abd"), want: Difference{Body, "byte 2"}},
		"body ends early":         {legacy: answer(200, text, "abc"), other: answer(200, text, "ab"), want: Difference{Body, "byte 2"}},
		"compressed alike":        {legacy: answer(200, text, "a", "Content-Encoding", "gzip"), other: answer(200, text, "a", "Content-Encoding", "gzip"), want: Difference{Kind: Match}},
		"compressed":              {legacy: answer(200, text, "a", "Content-Encoding", "gzip"), other: answer(200, text, "b", "Content-Encoding", "gzip"), want: Difference{Kind: Encoded}},
		"one is compressed":       {legacy: answer(200, js, "a", "Content-Encoding", "br"), other: answer(200, js, "b"), want: Difference{Kind: Encoded}},
		"not really encoded":      {legacy: answer(200, text, "a", "Content-Encoding", "identity"), other: answer(200, text, "b"), want: Difference{Body, "byte 0"}},
		"json by value": {legacy: answer(200, js, `{"a":1.0,"b":[true,null],"c":"\u0041"}`),
			other: answer(200, "application/json", "{ \"b\": [true, null],\n \"c\":\"A\", \"a\":10e-1 }"), want: Difference{Kind: Match}},
		"json differs":         {legacy: answer(200, js, `{"a":{"b/c":[1,2]}}`), other: answer(200, js, `{"a":{"b/c":[1,3]}}`), want: Difference{JSON, "/a/b~1c/1"}},
		"json as a whole":      {legacy: answer(200, js, `[]`), other: answer(200, js, `{}`), want: Difference{Kind: JSON}},
		"key more":             {legacy: answer(200, js, `{}`), other: answer(200, js, `{"a":null}`), want: Difference{JSON, "/a"}},
		"key less":             {legacy: answer(200, js, `{"a":null}`), other: answer(200, js, `{}`), want: Difference{JSON, "/a"}},
		"item more":            {legacy: answer(200, js, `[1]`), other: answer(200, js, `[1,2]`), want: Difference{JSON, "/1"}},
		"order of a list":      {legacy: answer(200, js, `[1,2]`), other: answer(200, js, `[2,1]`), want: Difference{JSON, "/0"}},
		"text and number":      {legacy: answer(200, js, `"1"`), other: answer(200, js, `1`), want: Difference{Kind: JSON}},
		"null and false":       {legacy: answer(200, js, `null`), other: answer(200, js, `false`), want: Difference{Kind: JSON}},
		"json of another name": {legacy: answer(200, "application/problem+json", `{"a":1}`), other: answer(200, "application/problem+json", `{ "a":1}`), want: Difference{Kind: Match}},
		"one is no json":       {legacy: answer(200, js, `{"a":1}`), other: answer(200, js, `{"a":1`), want: Difference{Body, "byte 6"}},
		"two values":           {legacy: answer(200, js, `1 `), other: answer(200, js, `1 1`), want: Difference{Body, "byte 2"}},
		"a key twice":          {legacy: answer(200, js, `{"a":1}`), other: answer(200, js, `{"a":2,"a":1}`), want: Difference{Body, "byte 5"}},
		"no UTF-8":             {legacy: answer(200, js, "\"\xff\""), other: answer(200, js, "\"\xfe\""), want: Difference{Body, "byte 1"}},
		"half a character":     {legacy: answer(200, js, `"\ud800"`), other: answer(200, js, `"\ud801"`), want: Difference{Body, "byte 6"}},
		"json by name only":    {legacy: answer(200, text, `{"a":1}`), other: answer(200, text, `{"a": 1}`), want: Difference{Body, "byte 5"}},
		"nesting without end":  {legacy: answer(200, js, strings.Repeat("[", 1<<20)), other: answer(200, js, strings.Repeat("[", 1<<20)+"1"), want: Difference{Body, "byte 1048576"}},
		"ignored": {rules: route.Shadow{Ignore: []string{"/at", "/items/*/seen", "/*/id"}},
			legacy: answer(200, js, `{"at":1,"items":[{"seen":1,"n":1},{"n":2}],"x":{"id":1}}`),
			other:  answer(200, js, `{"items":[{"n":1},{"seen":{"a":1},"n":2}],"x":{"id":[]}}`), want: Difference{Kind: Match}},
		"not ignored deeper": {rules: route.Shadow{Ignore: []string{"/items/*/seen"}},
			legacy: answer(200, js, `{"items":{"seen":1}}`), other: answer(200, js, `{"items":{"seen":2}}`), want: Difference{JSON, "/items/seen"}},
		"ignored keys of any name": {rules: route.Shadow{Ignore: []string{"/a~1b/~0"}},
			legacy: answer(200, js, `{"a/b":{"~":1}}`), other: answer(200, js, `{"a/b":{"~":2}}`), want: Difference{Kind: Match}},
		"ignored items of a list": {rules: route.Shadow{Ignore: []string{"/*"}},
			legacy: answer(200, js, `[1,2,3]`), other: answer(200, js, `[]`), want: Difference{Kind: Match}},
		"a place from a backend is bounded": {legacy: answer(200, js, `{"`+strings.Repeat("ä", 500)+`":1}`), other: answer(200, js, `{}`),
			want: Difference{JSON, "/" + strings.Repeat("ä", 99) + "…"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			rules := Compile(tc.rules)
			for _, a := range []*Answer{tc.legacy, tc.other} {
				a.Header = rules.Keep(a.Header)
			}
			if diff := cmp.Diff(tc.want, rules.Compare(tc.legacy, tc.other)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if kind := rules.Compare(tc.other, tc.legacy).Kind; kind != tc.want.Kind {
				t.Errorf("the other way round it is %s", kind)
			}
		})
	}
}

// What is kept belongs to who kept it.
func TestKeep(t *testing.T) {
	h := http.Header{"Content-Type": {"a"}, "Set-Cookie": {"secret"}, "X-Total": {"1"}, "Content-Encoding": {"br"}}
	kept := Compile(route.Shadow{Headers: []string{"x-total"}}).Keep(h)
	want := http.Header{"Content-Type": {"a"}, "X-Total": {"1"}, "Content-Encoding": {"br"}}
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	h["X-Total"][0] = "2"
	if kept.Get("X-Total") != "1" {
		t.Error("a change of the header shows in what was kept")
	}
}

func TestSameNumber(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"1", "1.0", true}, {"1", "1e0", true}, {"1", "10e-1", true}, {"100", "1E+2", true}, {"0.001", "1e-3", true},
		{"0", "-0", true}, {"0.0e7", "0", true}, {"1", "-1", false}, {"1", "10", false}, {"1", "0.1", false},
		{"9007199254740993", "9007199254740992", false}, // which float64 takes for one
		{"0.1", "0.10000000000000001", false},
		{"12345678901234567890.5", "1.23456789012345678905e19", true},
		{"1e999999999999", "1e999999999999", true}, {"1e999999999999", "10e999999999998", false},
		{"1e2147483647", "10e2147483646", true},
	}
	for _, tc := range tests {
		if got := sameNumber(tc.a, tc.b); got != tc.want {
			t.Errorf("%s and %s: %v", tc.a, tc.b, got)
		}
		if got := sameNumber(tc.b, tc.a); got != tc.want {
			t.Errorf("%s and %s: %v", tc.b, tc.a, got)
		}
	}
}

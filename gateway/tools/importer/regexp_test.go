package importer

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/routetable"
)

func TestFromRegexp(t *testing.T) {
	for _, tc := range []struct {
		text     string
		patterns string // separated by spaces; "" is none
		note     string
	}{
		{`^/api/users/\d+$`, "/api/users/{id}", "wider: any segment, not [0-9]+ alone"},
		{`^/api/users/([^/]+)$`, "/api/users/{id}", ""},
		{`^/api/(?P<user>[^/]+)/(?P<what>[a-z]+)\z`, "/api/{user}/{what}", "wider: any segment, not [a-z]+ alone"},
		{`^/api/cart$`, "/api/cart", ""},
		{`^/x/$`, "/x/{$}", ""},
		{`^/static/`, "/static/", ""},
		{`^/static/.*$`, "/static/", ""},
		{`^/static/(?P<path>(?s:.*))`, "/static/", ""},
		{`^/static`, "/static /static/", "narrower: /static takes whole segments, not /static-more"},
		{`^/(users|orders)/(\d+)/?$`, "/users/{id}/{$} /users/{id} /orders/{id}/{$} /orders/{id}", "wider"},
		{`^/a(/.*)?$`, "/a/ /a", ""},
		{`^/a(?:/|$)`, "/a/ /a", ""},
		{`^/v\d/x$`, "/{id}/x", `not with "v" in it alone`},
		{`^/[0-9a-f]{8}/[0-9a-f]{8}$`, "/{id}/{id2}", "wider"},
		{`^/a/[^/]*$`, "/a/{id} /a/{$}", ""},
		{`(?i)^/Shop$`, "/shop", "narrower: lower case alone"},
		{`^/caf\x{e9}/a b\{$`, "/caf%C3%A9/a%20b%7B", ""},
		{`^/$`, "/{$}", ""},
		{`^/`, "/", ""},
		{`^/a/.+$`, "/a/", "wider: anything and nothing"},

		{`\.php$`, "", "it does not begin at the beginning"},
		{`/api/`, "", "it does not begin at the beginning"},
		{`^/a/.*/b$`, "", ".* stands before the end"},
		{`^/a.b$`, "", "takes slashes too"},
		{`^/(?!admin)`, "", "no pattern says this"},
		{`^//a`, "", "no plain segments"},
		{`^/\.\./a`, "", "no plain segments"},
		{`^/\.$`, "", "no plain segments"},
		{`^api`, "", "no plain segments"},
		{`^$`, "", "no plain segments"},
		{`^/(aa|bb|cc)/(aa|bb|cc)/(aa|bb|cc)$`, "", "more than 16 ways"},
		{`(`, "", "no pattern says this"},
		{`^/a\b`, "", "no pattern says this"},
		{`^/(ab)+$`, "", "no pattern says this"},
	} {
		got, err := fromRegexp(tc.text)
		said := strings.Join(got.notes, "; ")
		if err != nil {
			said = err.Error()
			if !errors.Is(err, errNoPattern) {
				t.Errorf("%s: %v", tc.text, err)
			}
		}
		if diff := cmp.Diff(tc.patterns, strings.Join(got.patterns, " ")); diff != "" || (err != nil) != (tc.patterns == "") {
			t.Errorf("%s: %v (-want +got)\n%s", tc.text, err, diff)
		}
		if !strings.Contains(said, tc.note) || tc.note == "" && said != "" {
			t.Errorf("%s: said %q, want %q", tc.text, said, tc.note)
		}
	}
}

// Whatever an expression is, what comes out are patterns.
func FuzzFromRegexp(f *testing.F) {
	for _, text := range []string{`^/a/\d+$`, `^/(a|b)?/[^/]*(/.*)?`, `^/{}/%`, `^/\x00`, `^/é`, `^/.?/`, `^/(?:)$`, `^/a|^/b$`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := fromRegexp(text)
		if err != nil {
			return
		}
		if len(got.patterns) == 0 {
			t.Errorf("%q: no pattern and no error", text)
		}
		for _, pattern := range got.patterns {
			if _, err := routetable.ParsePattern(pattern); err != nil {
				t.Errorf("%q: %q: %v", text, pattern, err)
			}
		}
	})
}

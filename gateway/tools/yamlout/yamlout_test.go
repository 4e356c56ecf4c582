package yamlout

import (
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"ficus/gateway/route"
)

func TestMarshal(t *testing.T) {
	type file struct {
		Head     string                   `yaml:"#"`
		Backends map[string]route.Backend `yaml:"backends"`
		Defaults route.Settings           `yaml:"defaults"`
		Routes   []route.Definition       `yaml:"routes"`
	}
	day := route.Date{Time: time.Date(2027, 3, 31, 0, 0, 0, 0, time.UTC)}
	got := Marshal(file{
		Head: "two\nlines",
		Backends: map[string]route.Backend{
			"legacy": {Addresses: []string{"{$OLD:http://127.0.0.1:1}", "http://127.0.0.1:2"}, Balance: route.RoundRobin,
				Transport: map[string]any{"versions": []any{"1.1", "2"}, "max": 3, "tls": map[string]any{}}},
		},
		Defaults: route.Settings{Cohort: []route.Source{{Kind: route.FromCookie, Name: "sid"}, {}}, Expires: day},
		Routes: []route.Definition{
			{ID: "a", Match: "GET /api/{id}", Settings: route.Settings{Stage: route.StageCanary, Weight: 2.5}},
			{ID: "b", Match: "/", When: route.Conditions{Header: map[string]route.Wanted{"X-A": "*"}},
				Settings: route.Settings{Rewrite: route.Rewrite{Legacy: route.SideRewrite{StripPrefix: "/x", MapBack: []route.MapBack{route.MapLocation, route.MapLink}}}}},
		},
	})
	want := `# two
# lines
backends:
  legacy:
    addresses: ["{$OLD:http://127.0.0.1:1}", http://127.0.0.1:2]
    balance: round_robin
    transport:
      max: 3
      tls: {}
      versions: ["1.1", "2"]
defaults:
  cohort: [cookie:sid, client_ip]
  expires: "2027-03-31"
routes:
  - id: a
    match: GET /api/{id}
    stage: canary
    weight: 2.5

  - id: b
    match: /
    when:
      header:
        X-A: "*"
    rewrite:
      legacy:
        strip_prefix: /x
        map_back: [location, link]
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Whatever a text holds, YAML reads it back, as a key's value, in a list, and as a key.
func FuzzScalar(f *testing.F) {
	for _, text := range []string{
		"", "a", "null", "No", "~", "1", "1.5", "0x1f", "1e3", "2027-03-31", "a: b", "a:", ":a", "a #b", "#a", "- a", "-", "--- a", "...",
		"{a}", "/a/{b}", "[a", "a]", "a, b", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a", "\"a\"", "'a'", "a\\b", " a", "a ", "a\nb", "a\r\nb", "\t",
		"é", "\u2028", "\ufeff", "\x00", "\x85", "GET /x", "http://a:80", "{$A:http://b}", "true", "=", "<<", "?", "? a", "a?", "/a: b", "😀", "_1", "/",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "?")
		if len(text) > 200 { // the YAML library takes long for some
			t.Skip()
		}
		type item struct {
			Value string            `yaml:"value"`
			List  []string          `yaml:"list"`
			Map   map[string]string `yaml:"map"`
			Items []item2           `yaml:"items"`
		}
		want := item{Value: text, List: []string{text, "b", text}, Map: map[string]string{text: "c" + text}, Items: []item2{{Value: text, Other: "d"}}}
		out := Marshal(want)
		var got item
		if err := yaml.Unmarshal([]byte(out), &got); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s\n%s", diff, out)
		}
	})
}

type item2 struct {
	Value string `yaml:"value"`
	Other string `yaml:"other"`
}

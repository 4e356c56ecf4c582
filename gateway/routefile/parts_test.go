package routefile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ficus/gateway/route"
)

// sources are files whose routes a Parser may or may not take apart.
var sources = []string{
	"routes:\n  - { id: a, match: /a }\n  - { id: b, match: /b, stage: new, backend: x }\nbackends: { x: { addresses: [\"{$X:http://a:1}\"] } }\n",
	"routes:\n- id: a\n  match: /a\n  description: |+\n    - x\n\n\n# remark\n- id: b\n  match: /b\n\nbackends:\n  x:\n    addresses: [\"http://a:1\"]\n",
	"---\nfolder_defaults: { owner: us }\ndefaults:\n  stage: canary\n  cohort: [client_ip]\nroutes:\n   # remark\n   -\n    id: a\n    match: /a # more\n   - id: b\n     cohort:\n     - client_ip\n     - cookie:x\n     match: >-\n      /b\n...\n",
	"defaults: { owner: \"a\nroutes:\n  - { id: a, match: /a }\nb\" }\n",
	"{ defaults: { owner: a },\nroutes:\n  - { id: a }\n}\n",
	"routes:\n  - { id: a, match: /a,\n  - x }\n",
	"routes:\n  - id: a\n    match: \"/a\n  - b\"\n",
	"routes:\n  - id: a\n    match: /a\n    description: one\n  - two\n",
	"routes:\n  - &x { id: a, match: /a }\n  - *x\n",
	"routes:\n  - ~\n  - { id: a, match: /a }\n",
	"routes:\n  - { id: a }\nroutes:\n  - { id: b }\n",
	"routes:\n  - { id: a }\n    - { id: b }\n",
	"routes:\n  - { id: a }\n - { id: b }\n",
	"routes:\n  - { id: a }\n---\nroutes:\n  - { id: b }\n",
	"routes:\n  - - { id: a }\n",
	"routes:\n\t- { id: a }\n",
	"routes:\n  - { id: a, match: /a }\n\t- x\n",
	"a: |\n routes:\nroutes:\n  - { id: a, stge: new }\n",
	"routes: [{ id: a, match: /a }]\n",
	"routes:\n",
	"routes:\n  - id: a\r\n    match: /a\r  - {id: b, match: /b}",
	"\xef\xbb\xbfroutes:\n- {id: a, match: /a}\n- {id: a, match: /a}\n",
	"routes:\n  - id: a\n<<<<<<< HEAD\n",
}

// same fails where a Parser says of a file anything else than Folder.Parse.
func same(t *testing.T, p *Parser, files ...File) route.Set {
	t.Helper()
	folder := &Folder{Files: files}
	want, wantProblems := folder.Parse(none)
	got, problems := p.Parse(folder, none)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(route.Definition{}, "Same"), cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("%q\n(-want +got)\n%s", files, diff)
	}
	if diff := cmp.Diff(wantProblems, problems); diff != "" {
		t.Errorf("%q\n(-want +got)\n%s", files, diff)
	}
	return got
}

// What a Parser says is what Folder.Parse says, of the first folder and of all later ones.
func TestParserSaysTheSame(t *testing.T) {
	var p Parser
	for _, one := range sources {
		for _, other := range sources {
			same(t, new(Parser), File{"a.yaml", []byte(one)}, File{"b.yaml", []byte(other)})
			same(t, &p, File{"a.yaml", []byte(one)}, File{"b.yaml", []byte(other)})
			same(t, &p, File{"a.yaml", []byte(other)})
		}
	}
}

// A route that an edit leaves as it was is known to be the same, wherever it stands now; one
// whose text or defaults changed is not.
func TestParserKnowsWhatIsTheSame(t *testing.T) {
	const file = "backends: { legacy: { addresses: [\"http://a:1\"] } }\ndefaults: { owner: us }\n\nroutes:\n  - { id: a, match: /a }\n  - { id: b, match: /b }\n  - { id: c, match: /c }\n"
	var p Parser
	read := func(old, new string) map[string]*route.Sameness {
		known := map[string]*route.Sameness{}
		for _, d := range same(t, &p, File{"r.yaml", []byte(strings.ReplaceAll(file, old, new))}).Routes {
			known[d.ID] = d.Same
		}
		return known
	}
	first := read("", "")
	if first["a"] == nil || first["a"] == first["b"] {
		t.Fatalf("%v", first)
	}
	for _, tc := range []struct{ old, new, same string }{
		{"/b }", "/b, stage: legacy }", "ac"},
		{"  - { id: a, match: /a }\n", "", "bc"},
		{"\n\n", "\n\n# remark\n\n", "abc"},
		{"http://a:1", "http://a:2", "abc"},
		{"owner: us", "owner: them", ""},
	} {
		was := read("", "")
		now := read(tc.old, tc.new)
		for _, id := range []string{"a", "b", "c"} {
			if want := strings.Contains(tc.same, id); (now[id] != nil && now[id] == was[id]) != want {
				t.Errorf("%q: %s is the same: want %v", tc.new, id, want)
			}
		}
	}
}

// A file with problems takes away nothing of what is known.
func TestParserAfterProblems(t *testing.T) {
	const file = "routes:\n  - { id: a, match: /a }\n  - { id: b, match: /b }\n"
	var p Parser
	was := same(t, &p, File{"r.yaml", []byte(file)})
	same(t, &p, File{"r.yaml", []byte(strings.ReplaceAll(file, "id: b", "idd: b"))})
	if now := same(t, &p, File{"r.yaml", []byte(file)}); now.Routes[1].Same != was.Routes[1].Same {
		t.Error("the route was forgotten")
	}
}

// An environment variable is looked up each time.
func TestParserLooksUp(t *testing.T) {
	var p Parser
	folder := &Folder{Files: []File{{"r.yaml", []byte("backends: { x: { addresses: [\"{$X}\"] } }\n")}}}
	for _, value := range []string{"http://a:1", "http://b:2"} {
		set, problems := p.Parse(folder, func(string) (string, bool) { return value, true })
		if len(problems) > 0 || set.Backends[0].Addresses[0] != value {
			t.Errorf("%v, %v, want %s", set.Backends, problems, value)
		}
	}
}

// FuzzParser: whatever the bytes, before an edit and after it, a Parser says what
// Folder.Parse says.
func FuzzParser(f *testing.F) {
	for i, one := range sources {
		f.Add([]byte(one), []byte(sources[(i+1)%len(sources)]))
	}
	f.Fuzz(func(t *testing.T, before, after []byte) {
		var p Parser
		same(t, &p, File{"a.yaml", before})
		same(t, &p, File{"a.yaml", after})
	})
}

func BenchmarkParser(b *testing.B) {
	var text strings.Builder
	text.WriteString("routes:\n")
	for i := range 1000 {
		fmt.Fprintf(&text, "  - { id: r%d, match: \"/api/area%d/resource%d/{id}\" }\n", i, i/100, i)
	}
	folder := &Folder{Files: []File{{"r.yaml", []byte(text.String())}}}
	for name, parse := range map[string]func() route.Problems{
		"whole": func() route.Problems { _, problems := folder.Parse(none); return problems },
		"first": func() route.Problems { _, problems := new(Parser).Parse(folder, none); return problems },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if problems := parse(); len(problems) > 0 {
					b.Fatal(problems)
				}
			}
		})
	}
}

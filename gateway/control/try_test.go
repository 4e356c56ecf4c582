package control

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/route"
)

func TestTry(t *testing.T) {
	p := newTables(t, map[string]string{"legacy.yaml": legacyFile, "a.yaml": goodFile, "b.yaml": "routes: [{ id: b, match: GET /b, weight: 5 }]\n"})
	p.load(Applied)
	for _, tc := range []struct{ text, want string }{
		{"routes: [{ id: c, match: GET /c }]\n", ""},
		{"routes: [{ id: a, match: GET /c }]\n", "duplicate_id"},
		{"routes: [{ id: c, match: GET /a }]\n", "conflict"},
		{"routes: [{ id: c, match: c }]\n", "pattern"},
		{"routes: [\n", "syntax"},
	} {
		got := p.tables.Try("new.yaml", []byte(tc.text))
		codes := ""
		for _, problem := range got {
			codes += string(problem.Code)
		}
		if codes != tc.want {
			t.Errorf("%s: %v, want %q", tc.text, got, tc.want)
		}
	}
	if p.tables.Status().Table != p.live || len(p.live.Entries) != 3 {
		t.Error("another table serves")
	}
}

func TestWritten(t *testing.T) {
	p := newTables(t, map[string]string{"legacy.yaml": legacyFile, "a.yaml": `routes:
  - id: a
    match: GET /a
    when:
      header: { X: "1" }

  # about b
  - { id: b, match: GET /b }
  - id: c

    match: GET /c
`})
	p.load(Applied)
	for id, want := range map[string]string{
		"a": "  - id: a|    match: GET /a|    when:|      header: { X: \"1\" }",
		"b": "  - { id: b, match: GET /b }",
		"c": "  - id: c||    match: GET /c",
	} {
		lines, first, err := p.tables.Written(p.live.Entry(id).Origin)
		if diff := cmp.Diff(want, strings.Join(lines, "|")); diff != "" || err != nil || first != p.live.Entry(id).Origin.Line {
			t.Errorf("%s from line %d: %v (-want +got)\n%s", id, first, err, diff)
		}
	}
	for _, o := range []route.Origin{{}, {File: "routes/none.yaml", Line: 1}, {File: "routes/a.yaml", Line: 99}, {File: "routes/../../etc/passwd", Line: 1}} {
		if lines, _, err := p.tables.Written(o); err == nil {
			t.Errorf("%v: %v", o, lines)
		}
	}
}

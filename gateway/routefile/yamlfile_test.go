package routefile

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/route"
)

type sheet struct {
	Rows []row `yaml:"rows"`
}

type row struct {
	Name string `yaml:"name"`
	cell
	Count  *int `yaml:"count"`
	Origin route.Origin
}

type cell struct {
	Text *string `yaml:"text"`
}

func TestDecode(t *testing.T) {
	text, count := "", -3
	var got sheet
	problems := Decode(File{"s.yaml", []byte("rows:\n  - {name: a, text: \"\", count: -3}\n  - name: b\n    count: ~\n")}, &got)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := sheet{Rows: []row{
		{Name: "a", cell: cell{&text}, Count: &count, Origin: route.Origin{File: "s.yaml", Line: 2, Column: 6}},
		{Name: "b", Origin: route.Origin{File: "s.yaml", Line: 3, Column: 5}},
	}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(row{}, cell{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if problems := Decode(File{Name: "empty.yaml"}, &got); len(problems) > 0 {
		t.Errorf("an empty file: %v", problems)
	}
}

func TestDecodeProblems(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"rows: [{count: 1.5}]", "s.yaml:1:16: type: want a whole number, have the number 1.5"},
		{"rows: [{count: 18446744073709551615}]", "s.yaml:1:16: type: want a whole number, have the number 18446744073709551615"},
		{"rows: [{count: \"1\"}]", "s.yaml:1:16: type: want a whole number, have the text \"1\""},
		{"rows:\n- {txt: a, nam: b}", "s.yaml:2:4: unknown_key: unknown key \"txt\"\ns.yaml:2:12: unknown_key: unknown key \"nam\""},
		{"rows: [", "s.yaml:1:7: syntax: sequence end token ']' not found"},
	} {
		problems := Decode(File{"s.yaml", []byte(tc.text)}, new(sheet))
		if problems.Error() != tc.want {
			t.Errorf("%s:\n%s\nwant\n%s", tc.text, problems, tc.want)
		}
		for _, p := range problems {
			if p.Line == "" {
				t.Errorf("%v is shown without its line", p)
			}
		}
	}
}

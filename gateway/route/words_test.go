package route

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWordsReadAsTheyAreWritten(t *testing.T) {
	for _, stage := range Stages {
		var got Stage
		if err := got.UnmarshalText([]byte(stage.String())); err != nil || got != stage {
			t.Errorf("%v reads as %v, %v", stage, got, err)
		}
	}
	for _, balance := range []Balance{LeastRequests, RoundRobin} {
		var got Balance
		if err := got.UnmarshalText([]byte(balance.String())); err != nil || got != balance {
			t.Errorf("%v reads as %v, %v", balance, got, err)
		}
	}
	for _, text := range []string{"client_ip", "cookie:sid", "header:X-Client", "cookie:a:b"} {
		var got Source
		if err := got.UnmarshalText([]byte(text)); err != nil || got.String() != text {
			t.Errorf("%s reads as %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "cookie", "cookie:", "client_ip:x", "ip"} {
		if err := new(Source).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q reads as a source", text)
		}
	}
}

func TestProblemText(t *testing.T) {
	p := Problem{
		Code: CodeValue, Severity: Warning, Origin: Origin{File: "routes/a.yaml", Line: 12, Column: 6},
		Message: "no", Line: "\ta: ü", Hint: "yes",
	}
	want := "routes/a.yaml:12:6: warning: value: no\n   12 | \ta: ü\n      | \t    ^\n        hint: yes"
	if diff := cmp.Diff(want, p.Text()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestProblemsSort(t *testing.T) {
	ps := Problems{
		{Origin: Origin{File: "b", Line: 1}, Message: "4"},
		{Origin: Origin{File: "a", Line: 2}, Message: "3"},
		{Origin: Origin{File: "a", Line: 1, Column: 2}, Message: "2"},
		{Origin: Origin{File: "a", Line: 1, Column: 1}, Message: "1", Severity: Warning},
	}
	ps.Sort()
	for i, p := range ps {
		if p.Message != string(rune('1'+i)) {
			t.Fatalf("sorted %v", ps)
		}
	}
	if !ps.HasErrors() || ps[:1].HasErrors() {
		t.Error("a warning counts as an error, or an error does not")
	}
}

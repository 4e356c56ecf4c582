package route

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Programs read these names: they don't change.
func TestProblemJSON(t *testing.T) {
	for _, tc := range []struct {
		problem Problem
		want    string
	}{
		{
			Problem{
				Code: CodeWeight, Severity: Warning, Origin: Origin{File: "routes/a.yaml", Line: 3, Column: 5},
				Path: "routes[0].weight", Route: "a", Message: "m", Hint: "h", Line: "  weight: 3",
			},
			`{"file":"routes/a.yaml","line":3,"column":5,"code":"weight","severity":"warning","path":"routes[0].weight","route":"a","message":"m","hint":"h","text":"  weight: 3"}`,
		},
		{Problem{Code: CodeRequired, Message: "m"}, `{"code":"required","severity":"error","message":"m"}`},
	} {
		got, err := json.Marshal(tc.problem)
		if err != nil || string(got) != tc.want {
			t.Errorf("got  %s, %v\nwant %s", got, err, tc.want)
		}
		var back Problem
		if err := json.Unmarshal(got, &back); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(tc.problem, back); diff != "" {
			t.Errorf("read back (-want +got)\n%s", diff)
		}
	}
	if err := json.Unmarshal([]byte(`{"severity":"fatal"}`), new(Problem)); err == nil {
		t.Error("an unknown severity was read")
	}
}

func TestFirst(t *testing.T) {
	e := func(m string) Problem { return Problem{Message: m} }
	w := func(m string) Problem { return Problem{Message: m, Severity: Warning} }
	for _, tc := range []struct {
		name string
		of   Problems
		want string
		err  bool
	}{
		{"few", Problems{w("a"), e("b")}, "warning: : a\n: b", true},
		{"errors before warnings", Problems{w("a"), e("b"), w("c"), e("d")},
			": b\n: d\nwarning: too_many: not listed: 2 more, 0 of them errors", true},
		{"some warnings", Problems{w("a"), w("b"), e("c")},
			"warning: : a\n: c\nwarning: too_many: not listed: 1 more, 0 of them errors", true},
		{"more errors than places", Problems{e("a"), w("b"), e("c"), e("d")},
			": a\n: c\ntoo_many: not listed: 2 more, 1 of them errors", true},
		{"warnings alone", Problems{w("a"), w("b"), w("c")},
			"warning: : a\nwarning: : b\nwarning: too_many: not listed: 1 more, 0 of them errors", false},
	} {
		got := tc.of.First(2)
		if got.Error() != tc.want || got.HasErrors() != tc.err {
			t.Errorf("%s: got\n%s\nwant\n%s", tc.name, got.Error(), tc.want)
		}
	}
}

package route

import (
	"encoding/json"
	"testing"
)

func TestProblemAsJSON(t *testing.T) {
	for _, tc := range []struct {
		p    Problem
		want string
	}{
		{Problem{
			Code: CodeValue, Severity: Warning, Origin: Origin{File: "a.yaml", Line: 2, Column: 3, Index: 1},
			Path: "routes[1].weight", Route: "a", Message: "m", Hint: "h", Line: "l",
		}, `{"code":"value","severity":"warning","file":"a.yaml","line":2,"column":3,"path":"routes[1].weight","route":"a","message":"m","hint":"h","text":"l"}`},
		{Problem{Code: CodeRead, Message: "m"}, `{"code":"read","severity":"error","message":"m"}`},
	} {
		got, err := json.Marshal(Problems{tc.p})
		if err != nil || string(got) != "["+tc.want+"]" {
			t.Errorf("got %s, %v", got, err)
		}
	}
}

package command

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestPlan(t *testing.T) {
	moved := strings.Replace(smallRoutes, "stage: new", "stage: legacy", 1)
	dir := writeFolder(t, map[string]string{
		"old/r.yaml":    smallRoutes,
		"same/r.yaml":   "# a comment\n" + smallRoutes,
		"new/r.yaml":    moved,
		"broken/r.yaml": "routes: 1",
		"access.log":    `{"method":"GET","path":"/cart"}` + "\n" + `{"method":"GET","path":"/other"}` + "\n",
		"broken.gz":     "\x1f\x8bnonsense",
	})
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, tc := range []struct {
		args           []string
		stdout, stderr string
		code           int
	}{
		{[]string{at("old"), at("same")}, "nothing changes in meaning (2 routes", "", 0},
		{[]string{at("old"), "--dir", at("same")}, "nothing changes in meaning", "", 0},
		{[]string{at("old"), at("new")}, "=> moved back to legacy: all clients", "", codeFound},
		{[]string{at("old"), at("new"), "--json"}, `"changes": true`, "", codeFound},
		{[]string{at("old"), at("new"), "--traffic", at("access.log")}, "1  50.00 %  go back to legacy", "", codeFound},
		{[]string{at("old"), at("same"), "--traffic", at("access.log")}, "no route takes; before 1", "", 0},
		{[]string{at("old"), at("broken")}, "", "broken has errors:\n\n", codeFailed},
		{[]string{at("broken"), at("broken"), "--json"}, "", "broken has errors:\n\n", codeFailed},
		{[]string{at("old"), at("absent")}, "", "absent\" is ", codeFailed},
		{[]string{at("old"), at("new"), "--traffic", at("absent")}, "", "no such file", codeFailed},
		{[]string{at("old"), at("new"), "--traffic", at("broken.gz")}, "", "broken.gz: ", codeFailed},
		{nil, "", "accepts between 1 and 2 arg(s)", codeFailed},
	} {
		t.Run(strings.ReplaceAll(strings.Join(tc.args, " "), dir, ""), func(t *testing.T) {
			stdout, stderr, code := run(t, append([]string{"plan"}, tc.args...)...)
			if code != tc.code || !strings.Contains(stdout, tc.stdout) || !strings.Contains(stderr, tc.stderr) || tc.stderr == "" && stderr != "" {
				t.Errorf("code %d\n%s\n%s", code, stdout, stderr)
			}
		})
	}
}

func TestPlanReadsStandardInput(t *testing.T) {
	dir := writeFolder(t, map[string]string{"r.yaml": smallRoutes})
	var out, errOut bytes.Buffer
	c := newRoutes(&out, &errOut, []string{"plan", dir, dir, "--traffic", "-", "--host", "shop.example", "--json"})
	c.SetIn(strings.NewReader(`1.2.3.4 - - [x] "GET /cart HTTP/1.1" 200 1` + "\nbad\n"))
	if err := c.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, errOut.String())
	}
	var report struct {
		Traffic struct {
			Source   string
			Requests int
			BadLines int `json:"bad_lines"`
		}
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	if tr := report.Traffic; tr.Source != "-" || tr.Requests != 1 || tr.BadLines != 1 {
		t.Errorf("%+v", tr)
	}
}

// Progress is for terminals: whoever reads standard error as a file gets none.
func TestProgress(t *testing.T) {
	var shown bytes.Buffer
	p := newProgress(&shown, "a.log", 4<<20)
	p.next = time.Time{}
	if _, err := p.Write(make([]byte, 1<<20)); err != nil || shown.Len() > 0 {
		t.Errorf("%q, %v", shown.String(), err)
	}
	p.out = &shown // as if it were a terminal
	if _, err := p.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	p.end()
	if want := "\ra.log: 50 % of 4 MB\x1b[K\r\x1b[K"; shown.String() != want {
		t.Errorf("got %q, want %q", shown.String(), want)
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if newProgress(file, "a.log", 0).out != nil {
		t.Error("a file is taken for a terminal")
	}
}

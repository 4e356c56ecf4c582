package guard

import (
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"go.uber.org/goleak"

	"ficus/gateway/authz"
	"ficus/gateway/routefile"
)

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// lines is a log that the watch may write at the same time.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// open opens a folder whose watch hardly ever reports, so that a test loads by itself.
func open(t *testing.T, dir string) (*Folder, *lines) {
	t.Helper()
	t.Cleanup(func() { goleak.VerifyNone(t) })
	log := new(lines)
	f := Open(dir, routefile.Timing{Quiet: time.Hour, Longest: time.Hour, Poll: time.Hour}, slog.New(slog.NewTextHandler(log, nil)))
	t.Cleanup(f.Close)
	return f, log
}

const good = "package p\n\nallow if input.method == \"GET\"\n"

// What is no good leaves the policies from before deciding, and is logged once.
func TestFolderKeepsTheLastGood(t *testing.T) {
	for name, tc := range map[string]struct {
		files map[string]string
		want  string
	}{
		"syntax": {map[string]string{"p.rego": "package p\n\nallow if {\n"}, "p.rego:"},
		"strict": {map[string]string{"p.rego": "package p\n\nallow if { x := 1 }\n"}, "assigned var x unused"},
		"test":   {map[string]string{"p_test.rego": "package p_test\n\nimport data.p\n\ntest_a if p.allow with input as {}\n"}, "p_test.test_a fails"},
		"gone":   {map[string]string{"p.rego": "package q\n\nallow := true\n"}, `\"p\" is in use, and is gone`},
		"data":   {map[string]string{"data.json": "{"}, "data.json"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, map[string]string{"p.rego": good})
			f, log := open(t, dir)
			release := f.Need("p")
			defer release()
			before := f.Set()
			if !before.Has("p") {
				t.Fatal(log)
			}
			write(t, dir, tc.files)
			f.Load(t.Context())
			if f.Set() != before || !strings.Contains(log.String(), tc.want) {
				t.Errorf("want %q in\n%s", tc.want, log)
			}
			said := log.String()
			if f.Load(t.Context()); log.String() != said {
				t.Errorf("said twice:\n%s", log)
			}
			write(t, dir, map[string]string{"p.rego": strings.Replace(good, "GET", "HEAD", 1), "p_test.rego": "package p_test\n", "data.json": "{}"})
			if f.Load(t.Context()); f.Set() == before {
				t.Errorf("the mended folder does not decide:\n%s", log)
			}
		})
	}
}

// Nobody needs the policy any more: then it may go.
func TestReleasedPolicyMayGo(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"p.rego": good})
	f, log := open(t, dir)
	f.Need("p")()
	write(t, dir, map[string]string{"p.rego": "package q\n\nallow := true\n"})
	if f.Load(t.Context()); !f.Set().Has("q") {
		t.Error(log)
	}
}

func TestFolderThatIsMissing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	f, _ := open(t, dir)
	if f.Set().Has("p") {
		t.Error("policies out of nothing")
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, dir, map[string]string{"p.rego": good})
	if f.Load(t.Context()); !f.Set().Has("p") {
		t.Error("the folder that came does not decide")
	}
}

type fixed struct{ set *authz.Set }

func (f fixed) Set() *authz.Set { return f.set }

type recorded []authz.Event

func (r *recorded) Enabled(authz.Decision) bool { return true }

func (r *recorded) Decided(e authz.Event) { *r = append(*r, e) }

func TestAsk(t *testing.T) {
	set, problems := authz.Compile(t.Context(), []authz.File{{Name: "p.rego", Data: []byte("package p\n\nallow if {\n\tinput.host == \"shop.example\"\n\tnot \"admin\" in input.segments\n\tinput.body_state in {\"\", \"empty\", \"whole\"}\n}\n")}})
	if problems.HasErrors() {
		t.Fatal(problems.Text())
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, tc := range map[string]struct {
		target string
		body   io.Reader
		limit  int
		want   authz.Cause
		state  authz.BodyState
	}{
		"allowed":        {"/orders", nil, 0, authz.Allowed, authz.BodyNotAsked},
		"denied":         {"/admin", nil, 0, authz.Undefined, authz.BodyNotAsked},
		"other reading":  {"/orders/..%2fadmin", nil, 0, authz.Undefined, authz.BodyNotAsked},
		"folded case":    {"/ADMIN", nil, 0, authz.Undefined, authz.BodyNotAsked},
		"NUL":            {"/a%00", nil, 0, authz.Denied, authz.BodyNotAsked},
		"unasked body":   {"/a", strings.NewReader("x"), 0, authz.Allowed, authz.BodyNotAsked},
		"no body":        {"/a", nil, 9, authz.Allowed, authz.BodyEmpty},
		"whole body":     {"/a", strings.NewReader(`{"a": 1}`), 9, authz.Allowed, authz.BodyWhole},
		"large body":     {"/a", strings.NewReader(`{"a": 1234}`), 9, authz.Unseen, authz.BodyTooLarge},
		"large, chunked": {"/a", io.MultiReader(strings.NewReader(`{"a": 1234}`)), 9, authz.Unseen, authz.BodyTooLarge},
		"malformed body": {"/a", strings.NewReader(`{"a": 1}}`), 9, authz.Unseen, authz.BodyMalformed},
		"broken off":     {"/a", io.MultiReader(strings.NewReader(`{`), iotest.ErrReader(errors.New("gone"))), 9, authz.Unseen, authz.BodyUnread},
	} {
		t.Run(name, func(t *testing.T) {
			var log recorded
			g := &Guard{Policies: fixed{set}, Policy: "p", Timeout: time.Minute, Body: tc.limit, Recorder: &log, Now: func() time.Time { return now }}
			d := g.Ask(httptest.NewRequest("POST", "http://SHOP.example:80"+tc.target, tc.body), Client{IP: "192.0.2.1", RequestID: "r1"})
			if d.Cause != tc.want || d.Allow != (tc.want == authz.Allowed) {
				t.Errorf("got %+v", d)
			}
			if len(log) != 1 || log[0].RequestID != "r1" || !log[0].Time.Equal(now) || log[0].Input.BodyState != tc.state || log[0].Revision != set.Revision {
				t.Errorf("recorded %+v", log)
			}
		})
	}
}

func TestVars(t *testing.T) {
	got := Vars(authz.Decision{Allow: true, Cause: authz.Allowed, Obligations: map[string]any{"list": []any{"a"}, "text": "b", "none": nil}})
	for name, want := range map[string]any{"allow": true, "cause": "allowed", "obligations.list": `["a"]`, "obligations.text": "b", "obligations.none": "null"} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
}

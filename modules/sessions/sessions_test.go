package sessions

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/google/go-cmp/cmp"

	"ficus/gateway/identity"
)

// loaded reads a module's segment and loads it, as the app does.
func loaded(t *testing.T, segment string) (module interface{ Source() identity.Source }, config string, err error) {
	t.Helper()
	d := caddyfile.NewTestDispenser(segment)
	d.Next()
	id := "ficus.sessions." + d.Val()
	unmarshaled, err := caddyfile.UnmarshalModule(d, id)
	if err != nil {
		return nil, "", err
	}
	text, err := json.Marshal(unmarshaled)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := caddy.NewContext(caddy.Context{Context: t.Context()})
	t.Cleanup(cancel)
	value, err := ctx.LoadModuleByID(id, text)
	if err != nil {
		return nil, string(text), err
	}
	return value.(interface{ Source() identity.Source }), string(text), nil
}

var snippet = regexp.MustCompile("(?s)```caddyfile\n(.*?)```")

// Each snippet of the manual works as it stands.
func TestManual(t *testing.T) {
	manual, err := os.ReadFile("../../docs/SESSIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"DJANGO_SECRET_KEY", "DJANGO_OLD_SECRET_KEY", "FLASK_SECRET_KEY", "SECRET_KEY_BASE", "SESSION_KEY", "SESSION_SECRET", "REDIS_PASSWORD"} {
		t.Setenv(name, "hunter2-"+name)
	}
	t.Setenv("REDIS_URL", "redis://:hunter2@127.0.0.1:6379/0")
	seen := map[string]bool{}
	for _, m := range snippet.FindAllStringSubmatch(string(manual), -1) {
		module, config, err := loaded(t, m[1])
		if err != nil {
			t.Errorf("%s\n%v", m[1], err)
			continue
		}
		if strings.Contains(config, "hunter2") {
			t.Errorf("the configuration holds a secret: %s", config)
		}
		if p, err := module.Source().Identify(t.Context(), httptest.NewRequest("GET", "/", nil)); p != nil || err != nil {
			t.Errorf("%s\n%v, %v", m[1], p, err)
		}
		seen[strings.Fields(m[1])[0]] = true
	}
	for _, info := range caddy.GetModules("ficus.sessions") {
		if !seen[info.ID.Name()] {
			t.Errorf("the manual does not show %s", info.ID)
		}
	}
	if len(seen) < 6 {
		t.Errorf("only %v", seen)
	}
}

// The secrets come from where placeholders say: sessions that Express has made are read.
func TestIdentifies(t *testing.T) {
	text, err := os.ReadFile("../../gateway/identity/sessions/testdata/express/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Secrets []string
		Vectors map[string]struct{ Cookies map[string]string }
	}
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(v.Secrets[1]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("FICUS_TEST_SECRET", v.Secrets[0])
	module, _, err := loaded(t, "cookie_session web {\n secret {env.FICUS_TEST_SECRET}\n secret {file."+file+"}\n subject passport.user\n claim roles roles\n}")
	if err != nil {
		t.Fatal(err)
	}
	for _, vector := range []string{"cookie_session user", "cookie_session older key"} {
		cookies := v.Vectors[vector].Cookies
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", "session="+cookies["session"]+"; session.sig="+cookies["session.sig"])
		p, err := module.Source().Identify(t.Context(), r)
		want := &identity.Principal{ID: "42", Source: "web", Claims: map[string]any{"sub": "42", "roles": []any{"a", "b"}}}
		if diff := cmp.Diff(want, p); err != nil || diff != "" {
			t.Errorf("%s: %v, (-want +got)\n%s", vector, err, diff)
		}
	}
}

func TestCaddyfile(t *testing.T) {
	for _, tc := range []struct{ segment, want, problem string }{
		{"django x {\n secret a b\n secret c\n subject s\n claim r roles\n claim n user.name\n max_age 14d\n cookie c\n issued i\n}",
			`{"name":"x","cookie":"c","max_age":1209600000000000,"subject":"s","claims":{"n":"user.name","r":"roles"},"issued":"i","secrets":["a","b","c"]}`, ""},
		{"rails {\n cookie _x\n secret a\n subject s\n digest sha1\n allow_no_purpose\n}", `{"cookie":"_x","subject":"s","secrets":["a"],"digest":"sha1","allow_no_purpose":true}`, ""},
		{"express {\n secret a\n subject s\n redis redis://x {\n prefix p:\n timeout 1s\n }\n}", `{"subject":"s","secrets":["a"],"redis":{"url":"redis://x","prefix":"p:","timeout":1000000000}}`, ""},
		{"php {\n folder /x\n subject s\n serializer php\n}", `{"subject":"s","folder":"/x","serializer":"php"}`, ""},
		{"django x y", "", "wrong argument count"},
		{"django {\n secrets a\n}", "", `unknown key "secrets" (known: claim, cookie, issued, max_age, secret, subject)`},
		{"django {\n secret\n}", "", "wrong argument count"},
		{"django {\n subject a\n subject b\n}", "", "subject is given twice"},
		{"django {\n claim a\n}", "", "wrong argument count"},
		{"django {\n claim a b\n claim a c\n}", "", "the claim a is given twice"},
		{"django {\n max_age soon\n}", "", `max_age: "soon" is no duration`},
		{"django {\n max_age -1s\n}", "", `is no duration`},
		{"rails {\n allow_no_purpose no\n}", "", "wrong argument count"},
		{"php {\n redis a\n redis b\n}", "", "redis is given twice"},
		{"php {\n redis a {\n ttl 5\n }\n}", "", `unknown key "ttl" (known: prefix, timeout)`},
		{"django {\n subject s\n secret {env.FICUS_NOT_SET}\n}", "", "secret 1 is empty"},
		{"express {\n subject s\n secret hunter2\n redis http://:hunter2@x\n}", "", "the address of Redis"},
	} {
		_, config, err := loaded(t, tc.segment)
		if tc.problem != "" {
			if err == nil || !strings.Contains(err.Error(), tc.problem) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s\ngot %v, want %q", tc.segment, err, tc.problem)
			}
			continue
		}
		if err != nil || config != tc.want {
			t.Errorf("%s\ngot %s, %v", tc.segment, config, err)
		}
	}
}

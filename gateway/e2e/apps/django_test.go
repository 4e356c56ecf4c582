package apps

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ficus/gateway/gatewaytest"
)

var django = application{
	name:    "Django",
	what:    "a new project of django-admin with its admin, on SQLite and the server that Django has for developers",
	moved:   []string{"/admin/auth/group/{rest...}", "/static/{rest...}", "GET /admin/login/", "POST /admin/logout/"},
	prepare: prepareDjango,
	start:   startDjango,
	visit:   by(visitDjango),
}

// debianPython is the one that has Django; a machine may have others.
const debianPython = "/usr/bin/python3"

// prepareDjango makes a project with one user.
func prepareDjango(t *testing.T) string {
	admin := gatewaytest.Need(t, "apt-get install python3-django", "django-admin")
	dir := t.TempDir()
	command(t, dir, admin, "startproject", "house", dir)
	settings := filepath.Join(dir, "house", "settings.py")
	text, err := os.ReadFile(settings)
	if err != nil {
		t.Fatal(err)
	}
	write(t, settings, string(text)+"\nALLOWED_HOSTS = ['*']\n")
	command(t, dir, debianPython, "manage.py", "migrate", "--verbosity=0")
	command(t, dir, debianPython, "manage.py", "shell", "--command",
		"from django.contrib.auth.models import User; User.objects.create_superuser('alice', 'alice@example.com', 'alice-demo')")
	return dir
}

func startDjango(t *testing.T, prepared string) string {
	address := gatewaytest.FreeAddress(t)
	run(t, copied(t, prepared), "tcp", address, debianPython, "manage.py", "runserver", "--noreload", address)
	return "http://" + address
}

var csrfToken = regexp.MustCompile(`name="csrfmiddlewaretoken" value="(\w+)"`)

// djangoForm posts a form of the page seen last.
func djangoForm(v *visitor, path string, pairs ...string) {
	v.t.Helper()
	values := url.Values{}
	if m := csrfToken.FindStringSubmatch(v.seen[len(v.seen)-1].Body); m != nil {
		values.Set("csrfmiddlewaretoken", m[1])
	}
	for i := 0; i < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	v.post(path, "application/x-www-form-urlencoded", values.Encode(), "Referer: http://"+host+path)
}

func visitDjango(v *visitor) {
	for _, path := range []string{"/", "/nothing?a=b", "/admin", "/admin/", "/admin/login/?next=/admin/", "/admin/jsi18n/"} {
		v.get(path)
	}
	v.post("/admin/login/", "application/x-www-form-urlencoded", "username=alice&password=alice-demo", "Accept: text/html") // no token: refused
	v.get("/admin/login/?next=/admin/")
	djangoForm(v, "/admin/login/?next=/admin/", "username", "alice", "password", "wrong")
	djangoForm(v, "/admin/login/?next=/admin/", "username", "alice", "password", "alice-demo", "next", "/admin/")
	if v.cookies["sessionid"] == "" {
		v.t.Fatalf("the login did not succeed: %s", v.seen[len(v.seen)-1].Body)
	}
	for _, path := range []string{
		"/admin/", "/admin/auth/", "/admin/auth/user/", "/admin/auth/user/?q=ali&o=-1", "/admin/auth/user/1/change/", "/admin/auth/user/1/history/",
		"/admin/auth/group/", "/admin/auth/user/99/change/", "/admin/jsi18n/", "/admin/password_change/", "/admin/r/1/1/",
	} {
		v.get(path)
	}
	edit(v)
	staticFiles(v)
	v.do("OPTIONS", "/admin/", "")
	v.do("DELETE", "/admin/auth/group/", "")
	v.get("/admin/auth/group/?%C3%A4=%zz&all=")
	v.get("/admin/", "Accept-Language: de", "X-Requested-With: XMLHttpRequest")
	v.get("/admin/logout/")
	v.get("/admin/")
	// HEAD only where there is no body: after others this server sends it all the same, and
	// it depends on chance whether that is seen before the next answer or as a part of it.
	v.do("HEAD", "/admin", "")
	v.do("HEAD", "/admin/", "")
}

// edit makes, changes and deletes a group and a user.
func edit(v *visitor) {
	v.get("/admin/auth/group/add/")
	djangoForm(v, "/admin/auth/group/add/", "name", "", "_save", "Save")
	djangoForm(v, "/admin/auth/group/add/", "name", "Bäcker & <Söhne>", "permissions", "1", "permissions", "2", "_continue", "1")
	v.get("/admin/auth/group/1/change/")
	djangoForm(v, "/admin/auth/group/1/change/", "name", strings.Repeat("g", 150), "_save", "Save")
	v.get("/admin/auth/group/")
	djangoForm(v, "/admin/auth/group/", "action", "delete_selected", "_selected_action", "1")
	v.get("/admin/auth/group/1/delete/")
	djangoForm(v, "/admin/auth/group/1/delete/", "post", "yes")
	v.get("/admin/auth/group/")
	v.get("/admin/auth/user/add/")
	djangoForm(v, "/admin/auth/user/add/", "username", "bob", "password1", "correct-horse-1", "password2", "correct-horse-2")
	djangoForm(v, "/admin/auth/user/add/", "username", "bob", "password1", "correct-horse-1", "password2", "correct-horse-1", "_save", "Save")
	v.get("/admin/auth/user/")
}

// staticFiles asks for files, whole, conditionally and not at all.
func staticFiles(v *visitor) {
	for _, file := range []string{"css/base.css", "css/responsive.css", "js/core.js", "js/vendor/jquery/jquery.js", "img/icon-addlink.svg", "fonts/Roboto-Regular-webfont.woff", "none.css"} {
		path := "/static/admin/" + file
		whole := v.get(path, "Accept-Encoding: gzip, br")
		if since := whole.field("Last-Modified"); since != "" {
			v.get(path, "If-Modified-Since: "+since)
		}
		v.get(path, "Range: bytes=0-99")
	}
}

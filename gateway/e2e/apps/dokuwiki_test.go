package apps

import (
	"crypto/md5"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"ficus/gateway/gatewaytest"
)

var dokuwiki = application{
	name: "DokuWiki",
	what: "Debian's DokuWiki on PHP (php-fpm) behind nginx, with sessions, accounts, editing and uploads",
	moved: []string{
		"/lib/exe/{rest...}", "GET /feed.php", "/lib/tpl/{rest...}", "POST /doku.php",
	},
	prepare: prepareDokuWiki,
	start:   startDokuWiki,
	visit:   by(visitDokuWiki),
}

// prepareDokuWiki copies what Debian has installed, and makes a wiki of it that is all
// defaults but for one account.
func prepareDokuWiki(t *testing.T) string {
	gatewaytest.Need(t, "apt-get install dokuwiki", "/usr/share/dokuwiki/bin/dwpage.php")
	dir := t.TempDir()
	command(t, dir, "cp", "-rL", "/usr/share/dokuwiki", filepath.Join(dir, "code"))
	wiki := filepath.Join(dir, "wiki")
	write(t, filepath.Join(dir, "code", "inc", "preload.php"), "<?php define('DOKU_CONF', $_SERVER['WIKI_FOLDER'].'/conf/');\n")
	command(t, dir, "mkdir", wiki)
	command(t, dir, "cp", "-rL", "/etc/dokuwiki", filepath.Join(wiki, "conf"))
	command(t, dir, "cp", "-rL", "/var/lib/dokuwiki/data", filepath.Join(wiki, "data"))
	write(t, filepath.Join(wiki, "conf", "local.php"), wikiSettings)
	write(t, filepath.Join(wiki, "data", "meta", "_htcookiesalt2"), "always the same")
	for name, text := range map[string]string{"users.auth.php": wikiAccount("alice", "alice-demo"), "acl.auth.php": "* @ALL 1\n* @user 8\n"} {
		command(t, dir, "rm", "-f", filepath.Join(wiki, "conf", name))
		write(t, filepath.Join(wiki, "conf", name), text)
	}
	return dir
}

const wikiSettings = `<?php
$conf['title'] = 'A wiki';
$conf['useacl'] = 1;
$conf['superuser'] = '@admin';
$conf['authtype'] = 'authplain';
$conf['savedir'] = $_SERVER['WIKI_FOLDER'].'/data';
$conf['gzip_output'] = 1;
$conf['updatecheck'] = 0;
`

const fpmSettings = `[global]
error_log = /dev/stderr
[www]
listen = %[1]s/fpm.sock
pm = static
pm.max_children = 2
catch_workers_output = yes
php_admin_value[session.save_path] = %[1]s
php_admin_value[opcache.enable] = 0
`

const nginxSettings = `events {}
http {
	include /etc/nginx/mime.types;
	access_log off;
	client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
	gzip on;
	gzip_types text/css application/javascript image/svg+xml;
	server {
		listen %[2]s;
		root %[3]s;
		index doku.php;
		location ~ \.php$ {
			include /etc/nginx/fastcgi.conf;
			fastcgi_param SERVER_PORT 80;
			fastcgi_param WIKI_FOLDER %[1]s;
			fastcgi_pass unix:%[1]s/fpm.sock;
		}
	}
}
`

func startDokuWiki(t *testing.T, prepared string) string {
	fpm := gatewaytest.Need(t, "apt-get install php-fpm", "php-fpm8.2", "php-fpm8.3", "php-fpm8.4", "php-fpm")
	nginx := gatewaytest.Need(t, "apt-get install nginx-light", "nginx", "/usr/sbin/nginx")
	parent := t.TempDir()
	dir := filepath.Join(parent, "wiki")
	command(t, parent, "cp", "-a", filepath.Join(prepared, "wiki"), dir) // with its times, of which tokens are made
	address := gatewaytest.FreeAddress(t)
	write(t, filepath.Join(dir, "fpm.conf"), fmt.Sprintf(fpmSettings, dir))
	write(t, filepath.Join(dir, "nginx.conf"), fmt.Sprintf(nginxSettings, dir, address, filepath.Join(prepared, "code")))
	run(t, dir, "unix", filepath.Join(dir, "fpm.sock"), fpm, "-F", "-R", "-y", filepath.Join(dir, "fpm.conf"))
	run(t, dir, "tcp", address, nginx, "-p", dir, "-c", filepath.Join(dir, "nginx.conf"), "-e", "stderr",
		"-g", "daemon off; master_process off; pid "+filepath.Join(dir, "pid")+";")
	return "http://" + address
}

var hidden = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)"`)

// wikiForm posts a form of the page seen last, with the hidden fields that it has.
func wikiForm(v *visitor, path string, pairs ...string) exchange {
	v.t.Helper()
	values := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(v.seen[len(v.seen)-1].Body, -1) {
		if m[1] != "do" {
			values.Set(m[1], m[2])
		}
	}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return v.post(path, "application/x-www-form-urlencoded", values.Encode())
}

func visitDokuWiki(v *visitor) {
	for _, path := range []string{
		"/", "/doku.php", "/doku.php?id=start", "/doku.php?id=wiki:syntax", "/doku.php?id=wiki:syntax&do=export_raw", "/doku.php?id=wiki:welcome&do=export_xhtml",
		"/doku.php?id=none:here", "/doku.php?do=index&id=start", "/doku.php?do=search&q=syntax&id=start", "/doku.php?do=revisions&id=wiki:syntax",
		"/doku.php?id=start&do=edit", "/doku.php?do=register", "/feed.php", "/lib/exe/opensearch.php", "/lib/exe/manifest.php", "/nothing.txt", "/doku.php?do=admin",
	} {
		v.get(path)
	}
	v.get("/doku.php?id=start&do=login")
	wikiForm(v, "/doku.php?id=start", "do", "login", "u", "alice", "p", "wrong")
	if x := wikiForm(v, "/doku.php?id=start", "do", "login", "u", "alice", "p", "alice-demo"); x.Status != 302 {
		v.t.Fatalf("the login did not succeed: %d %s", x.Status, x.Body)
	}
	v.get("/doku.php?id=start")
	writePage(v)
	for _, path := range []string{"/doku.php?id=start&do=profile", "/doku.php?id=start&do=admin", "/doku.php?id=start&do=admin&page=config", "/doku.php?id=start&do=media&ns="} {
		v.get(path)
	}
	upload(v)
	assets(v)
	token := sectok.FindString(v.get("/doku.php?id=start").Body)
	v.doAs("GET /doku.php, logout", "GET", "/doku.php?id=start&do=logout&sectok="+token, "")
	v.get("/doku.php?id=start")
}

// sectok is the token against forgery.
var sectok = regexp.MustCompile(`\b[0-9a-f]{32}\b`)

// writePage makes a page, looks at it and for it.
func writePage(v *visitor) {
	v.get("/doku.php?id=tea&do=edit")
	wikiForm(v, "/doku.php?id=tea", "do[preview]", "1", "wikitext", "====== Tea ======\n\nGreen & **black** <ä>")
	wikiForm(v, "/doku.php?id=tea", "do[save]", "1", "wikitext", "====== Tea ======\n\nGreen & **black** <ä> {{wiki:dokuwiki-128.png}}", "summary", "new")
	v.get("/doku.php?id=tea")
	v.get("/doku.php?id=tea&do=edit")
	wikiForm(v, "/doku.php?id=tea", "do[preview]", "1", "wikitext", "====== Tea ======\n\nOolong") // a second page of the same second would take the place of the first
	for _, query := range []string{"", "&do=revisions", "&do=diff", "&do=backlink", "&do=export_raw", "&do=recent"} {
		v.get("/doku.php?id=tea" + query)
	}
}

// upload sends a picture and asks for it, whole, in parts and made smaller.
func upload(v *visitor) {
	picture, err := os.ReadFile("/usr/share/dokuwiki/lib/tpl/dokuwiki/images/logo.png")
	if err != nil {
		v.t.Fatal(err)
	}
	token := sectok.FindString(v.seen[len(v.seen)-1].Body)
	v.post("/lib/exe/ajax.php?call=mediaupload&ns=&sectok="+token+"&qqfile=logo.png&mediaid=logo.png", "application/octet-stream", string(picture))
	for _, path := range []string{"/lib/exe/fetch.php?media=logo.png", "/lib/exe/fetch.php?media=wiki:dokuwiki-128.png", "/lib/exe/fetch.php?media=none.png", "/lib/exe/detail.php?id=tea&media=wiki:dokuwiki-128.png"} {
		whole := v.get(path)
		v.do("HEAD", path, "")
		v.get(path, "Range: bytes=10-19")
		if tag := whole.field("ETag"); tag != "" {
			v.doAs("GET "+path+" again", "GET", path, "", "If-None-Match: "+tag)
		}
	}
	v.post("/lib/exe/ajax.php", "application/x-www-form-urlencoded", "call=qsearch&q=tea")
	v.post("/lib/exe/ajax.php", "application/x-www-form-urlencoded", "call=suggestions&q=te")
	v.post("/lib/exe/xmlrpc.php", "text/xml", `<?xml version="1.0"?><methodCall><methodName>dokuwiki.getVersion</methodName></methodCall>`)
}

// assets asks for what nginx serves by itself, and what PHP puts together.
func assets(v *visitor) {
	for _, path := range []string{"/lib/tpl/dokuwiki/images/logo.png", "/lib/tpl/dokuwiki/images/favicon.ico", "/lib/images/external-link.svg", "/lib/tpl/dokuwiki/style.ini", "/lib/styles/all.css", "/lib/"} {
		whole := v.get(path)
		v.get(path, "Accept-Encoding: gzip")
		v.do("HEAD", path, "", "Accept-Encoding: gzip")
		for _, r := range []string{"bytes=0-99", "bytes=-7", "bytes=0-0,5-9", "bytes=999999999-"} {
			v.get(path, "Range: "+r)
		}
		if tag := whole.field("ETag"); tag != "" {
			v.doAs("GET "+path+" again", "GET", path, "", "If-None-Match: "+tag)
			v.get(path, "If-Range: "+tag, "Range: bytes=0-9")
			v.get(path, "If-Match: \"other\"")
		}
		if since := whole.field("Last-Modified"); since != "" {
			v.get(path, "If-Modified-Since: "+since)
			v.get(path, "If-Unmodified-Since: Sat, 29 Oct 1994 19:43:31 GMT")
		}
	}
	v.post("/lib/tpl/dokuwiki/images/logo.png", "text/plain", "not for files")
	for _, path := range []string{"/lib/exe/css.php?t=dokuwiki", "/lib/exe/js.php?t=dokuwiki"} {
		v.get(path)
		v.get(path, "Accept-Encoding: gzip")
		v.do("HEAD", path, "", "Accept-Encoding: gzip")
	}
}

// wikiAccount is the line of an account in DokuWiki's own file.
func wikiAccount(user, password string) string {
	return fmt.Sprintf("%s:%x:Alice:%s@example.com:admin,user\n", user, md5.Sum([]byte(password)), user)
}

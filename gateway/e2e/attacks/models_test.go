package attacks

import (
	"path"
	"regexp"
	"strings"
)

// A model is how one kind of server reads the path on the wire: a few lines that say what
// its source or manual says, and no more forgiving than it. The settings are those that
// make it read the most.
type model struct {
	name string
	read func(raw string) (resource string, ok bool) // decoded; ok is false where it refuses

	// What of a path does not matter to it.
	caseless bool
	slashless
}

type slashless bool // "/a/" is "/a"

var models = []model{
	// src/http/ngx_http_parse.c, ngx_http_parse_complex_uri; merge_slashes is on by default.
	{name: "nginx", read: nginx},
	// server/util.c, ap_normalize_path, and server/request.c, ap_process_request_internal,
	// with AllowEncodedSlashes On and MergeSlashes, which is on by default.
	{name: "httpd", read: httpd},
	{name: "httpd on Windows", read: then(httpd, windowsName), caseless: true},
	// httpd with a script of PHP: what follows the script is PATH_INFO.
	{name: "PHP script", read: then(httpd, script(".php"))},
	{name: "CGI script", read: then(httpd, script(".cgi"))},
	// java/org/apache/catalina/connector/CoyoteAdapter.java, postParseRequest, with
	// encodedSolidusHandling="decode" and ALLOW_BACKSLASH.
	{name: "Tomcat", read: tomcat},
	{name: "Tomcat on Windows", read: then(tomcat, windowsName), caseless: true},
	// Spring MVC before 6 on it: UrlPathHelper, with a slash and a suffix to spare.
	{name: "Spring MVC 5", read: then(tomcat, withoutFormat), slashless: true},
	// Undertow, JBoss and old Tomcats: overlong UTF-8 (CVE-2008-2938).
	{name: "Tomcat 6", read: func(raw string) (string, bool) { return tomcat(fromOverlong(raw)) }},
	// npm parseurl, and path-to-regexp as Express calls it: no decoding of literals, not
	// strict, not case-sensitive.
	{name: "Express", read: express, caseless: true, slashless: true},
	// npm send, behind express.static: decoded once, normalized, and ".." refused.
	{name: "Express static", read: expressStatic, slashless: true},
	// https://url.spec.whatwg.org/#url-parsing of the request's target by new URL(req.url, base).
	{name: "WHATWG URL", read: whatwg, slashless: true},
	// django/core/handlers/wsgi.py and gunicorn's unquote: decoded once, nothing resolved.
	{name: "Django", read: django, slashless: true},
	// Python's urllib.parse.urlsplit of a target, as handlers of http.server write it.
	{name: "urlsplit", read: urlsplit, slashless: true},
	// actionpack, journey/router/utils.rb, normalize_path; routes end in (.:format). Puma
	// hands on the raw path, Passenger the decoded one.
	{name: "Rails on Puma", read: func(raw string) (string, bool) { return rails(raw) }, slashless: true},
	{name: "Rails on Passenger", read: func(raw string) (string, bool) { return rails(unescape(raw)) }, slashless: true},
	// symfony/http-foundation, Request::prepareBaseUrl and preparePathInfo; illuminate/http
	// trims slashes.
	{name: "PHP front controller", read: frontController, slashless: true},
	// parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH), as small front controllers have it.
	{name: "parse_url", read: parseURL, slashless: true},
	// HTTP.sys and NTFS, and ASP.NET's cookieless sessions.
	{name: "IIS", read: iis, caseless: true, slashless: true},
	// System.Web, HttpRequest.PathInfo: what follows a page.
	{name: "ASP.NET page", read: then(iis, script(".aspx")), caseless: true},
	// IIS 5: decoded twice, overlong UTF-8 (CVE-2000-0884, CVE-2001-0333).
	{name: "IIS 5", read: func(raw string) (string, bool) { return iis(fromOverlong(unescape(raw))) }, caseless: true},
	// net/http.FileServer.
	{name: "Go", read: func(raw string) (string, bool) { return path.Clean("/" + unescape(raw)), true }, slashless: true},
	// What decodes what its server has decoded already.
	{name: "twice decoded", read: func(raw string) (string, bool) { return resolved(merged(unescape(unescape(raw)))), true }, slashless: true},
	// What follows RFC 3986 to the letter: dots are resolved, then segments decoded.
	{name: "RFC 3986", read: func(raw string) (string, bool) { return unescape(resolved(raw)), true }},
	// What serves index files: /a/index.html is /a/.
	{name: "index files", read: then(nginx, indexFile), slashless: true},
}

// then reads on what another has read.
func then(first func(string) (string, bool), next func(string) string) func(string) (string, bool) {
	return func(raw string) (string, bool) {
		p, ok := first(raw)
		return next(p), ok
	}
}

func nginx(raw string) (string, bool) {
	raw, _, _ = strings.Cut(raw, "#")
	p := unescape(raw)
	if strings.Contains(p, "\x00") || aboveRoot(merged(p)) {
		return "", false
	}
	return resolved(merged(p)), true
}

func httpd(raw string) (string, bool) {
	raw, _, _ = strings.Cut(raw, "#")
	p := resolved(merged(unreserved(raw)))
	p = unescape(p)
	if strings.Contains(p, "\x00") {
		return "", false
	}
	return resolved(merged(p)), true
}

func tomcat(raw string) (string, bool) {
	segments := strings.Split(raw, "/")
	for i, s := range segments {
		segments[i], _, _ = strings.Cut(s, ";")
	}
	p := strings.ReplaceAll(unescape(strings.Join(segments, "/")), `\`, "/")
	if strings.Contains(p, "\x00") || aboveRoot(merged(p)) {
		return "", false
	}
	return resolved(merged(p)), true
}

func express(raw string) (string, bool) {
	if strings.ContainsAny(raw, "#\t\n\f\r ") { // then the fast way is left, for url.parse
		raw, _, _ = strings.Cut(raw, "#")
		raw = strings.ReplaceAll(raw, `\`, "/")
	}
	return raw, true
}

func expressStatic(raw string) (string, bool) {
	raw, _ = express(raw)
	p := unescape(raw)
	if strings.Contains(p, "\x00") || upPath.MatchString(p) {
		return "", false
	}
	return path.Clean("/" + p), true
}

var upPath = regexp.MustCompile(`(?:^|[\\/])\.\.(?:[\\/]|$)`)

func whatwg(raw string) (string, bool) {
	raw = strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(raw)
	raw, _, _ = strings.Cut(raw, "#")
	if strings.HasPrefix(raw, "//") {
		raw = "/" + afterHost(strings.TrimLeft(raw, "/"))
	}
	return unescape(resolved(escapedDots.ReplaceAllString(raw, "."))), true
}

var escapedDots = regexp.MustCompile(`(?i)%2e`)

func afterHost(rest string) string {
	_, p, _ := strings.Cut(rest, "/")
	return p
}

func django(raw string) (string, bool) {
	p := unescape(raw)
	if strings.HasPrefix(p, "//") { // the server that runserver starts
		p = "/" + strings.TrimLeft(p, "/")
	}
	return strings.TrimSuffix(p, "\n"), true // "$" of a regular expression
}

func urlsplit(raw string) (string, bool) {
	raw, _, _ = strings.Cut(raw, "#")
	if strings.HasPrefix(raw, "//") {
		raw = "/" + afterHost(raw[2:])
	}
	return unescape(raw), true
}

func rails(p string) (string, bool) {
	p = "/" + strings.Trim(merged(p), "/")
	return railsFormat.ReplaceAllString(p, "$1"), true
}

var railsFormat = regexp.MustCompile(`([^/])\.[^/.?]+$`)

func frontController(raw string) (string, bool) {
	raw, _, _ = strings.Cut(raw, "#")
	if before, after, ok := strings.Cut(raw, ".php/"); ok { // the script's name is the base
		raw = before[:strings.LastIndexByte(before, '/')] + "/" + after
	} else if strings.HasSuffix(raw, "/index.php") {
		raw = strings.TrimSuffix(raw, "index.php")
	}
	return unescape(raw), true
}

func parseURL(raw string) (string, bool) {
	raw, _, _ = strings.Cut(raw, "#")
	if strings.HasPrefix(raw, "//") {
		raw = "/" + afterHost(raw[2:])
	}
	return unescape(raw), true
}

// script cuts off what follows the name of a script.
func script(format string) func(string) string {
	named := regexp.MustCompile(`(?is)^(.*?` + regexp.QuoteMeta(format) + `)/.*`)
	return func(p string) string { return named.ReplaceAllString(p, "$1") }
}

func iis(raw string) (string, bool) {
	raw, _, _ = strings.Cut(raw, "#")
	p := strings.ReplaceAll(unescape(raw), `\`, "/")
	if strings.Contains(p, "\x00") {
		return "", false
	}
	p = cookieless.ReplaceAllString(p, "$1")
	return windowsName(resolved(merged(p))), true
}

var cookieless = regexp.MustCompile(`/\([A-Z]\([^/()]*\)\)(/|$)`)

// windowsName is what Win32 makes of names: no dots and blanks at the end, no stream.
func windowsName(p string) string {
	segments := strings.Split(resolved(merged(strings.ReplaceAll(p, `\`, "/"))), "/")
	for i, s := range segments {
		segments[i] = strings.TrimRight(streamName.ReplaceAllString(s, ""), ". ")
	}
	return merged("/" + strings.Join(segments, "/"))
}

// streamName names what a file or a folder has anyway (CVE-2010-2731).
var streamName = regexp.MustCompile(`:(\$[Ii]30)?:\$.*`)

func withoutFormat(p string) string { return railsFormat.ReplaceAllString(p, "$1") }

func indexFile(p string) string {
	for _, name := range []string{"index.html", "index.htm", "index.php", "index.jsp", "default.aspx"} {
		if folder, ok := strings.CutSuffix(p, "/"+name); ok {
			return folder + "/"
		}
	}
	return p
}

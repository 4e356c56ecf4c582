package export

import (
	"fmt"
	"regexp"
	"strings"

	"ficus/gateway/route"
)

// nginxWriter writes a whole nginx.conf. A location of nginx sees the path alone, so one
// map picks the route by method, host, path and conditions, its lines in the order of
// the rules; each side of a route is a named location.
type nginxWriter struct {
	*source
	maps      []string          // what stands in the http block before the servers
	when      []string          // keys of the conditions, each a variable $ficus_when_<i+1>
	whenOf    map[string]int    // by key
	made      map[string]string // variables, by what they hold
	variables int
	dollar    bool // $ficus_dollar is used
}

func newNginxWriter(s *source) *nginxWriter {
	return &nginxWriter{source: s, whenOf: map[string]int{}, made: map[string]string{}}
}

const nginxHead = `events {}

http {
    # Requests and answers pass as they are: streamed, of any size, in any spelling.
    merge_slashes off;
    underscores_in_headers on;
    ignore_invalid_headers off;
    server_tokens off;
    absolute_redirect off;
    client_max_body_size 0;
    proxy_http_version 1.1;
    proxy_buffering off;
    proxy_request_buffering off;
    proxy_read_timeout 1h;
    proxy_send_timeout 1h;
    proxy_next_upstream off;
    proxy_ssl_server_name on;
    proxy_redirect off;
    proxy_pass_header Server;
    proxy_pass_header Date;
    map $http_upgrade $ficus_connection {
        "" "";
        default upgrade;
    }
`

func (w *nginxWriter) write() string {
	w.decodedSlashes("nginx", "")
	w.note(CodePattern, "nginx refuses a path whose dots go above the root, with 400")
	w.note(CodePattern, "nginx tries the lines of the map one after the other: a large table costs time with each request")
	w.note(CodeRewrite, "nginx answers Expect: 100-continue by itself")
	w.keep(w.obstacle)
	for _, r := range w.rules {
		w.conditions(r) // all have their places before a line of the map is written
	}
	var locations strings.Builder
	lines := make([]string, 0, len(w.rules))
	for _, r := range w.rules {
		lines = append(lines, w.mapLines(r)...)
		w.locations(&locations, r)
	}
	var b strings.Builder
	b.WriteString(nginxHead)
	if w.dollar {
		b.WriteString("    geo $ficus_dollar {\n        default \"$\";\n    }\n")
	}
	for _, backend := range w.used() {
		b.WriteString(w.upstream(backend))
	}
	b.WriteString(strings.Join(w.maps, ""))
	fmt.Fprintf(&b, "\n    # Who owns a request, and which side serves it: the first line that fits.\n    map \"%s$request_method $host $uri\" $ficus_route {\n", w.whenKey())
	b.WriteString(strings.Join(lines, "") + "    }\n")
	b.WriteString(`
    server {
        listen 8080;
        server_name "";
        proxy_set_header Host $http_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $ficus_connection;
        location / {
            error_page 418 = @$ficus_route;
            return 418;
        }
`)
	b.WriteString(locations.String() + "    }\n}\n")
	return b.String()
}

// obstacle says why a rule can't be written, "" where it can.
func (w *nginxWriter) obstacle(r *rule) (Code, string) {
	if strings.Trim(r.Pattern.Method(), "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_") != "" {
		return CodePattern, "nginx refuses requests of the method " + r.Pattern.Method()
	}
	for name := range r.when.Header {
		if !isVariable(name) {
			return CodeConditions, "nginx has no variable for the header " + name
		}
	}
	return "", ""
}

// mapLines are the lines of the map for a rule.
func (w *nginxWriter) mapLines(r *rule) []string {
	value := r.ID
	if r.splits() {
		value = nginxQuote(r.ID + ":" + w.cohort(r))
	} else {
		value += ":" + r.shares[0].side.String()
	}
	if r.ID == route.DefaultID {
		return []string{"        default " + value + ";\n"}
	}
	w.losePattern(r)
	method := `[^ ]+`
	if m := methods(r.Pattern); len(m) > 1 {
		method = "(?:" + strings.Join(m, "|") + ")"
	} else if m != nil {
		method = regexp.QuoteMeta(m[0])
	}
	host := `[^ ]*`
	if h := r.Pattern.Host(); h != "" {
		host = hostRegexp(h, "[^ ]+")
	}
	groups := map[string]string{}
	for _, name := range namesOf(r) {
		groups[name] = capture(name)
	}
	path := strings.TrimPrefix(pathRegexp(r.Pattern.Parts(), groups, `\z`), "^")
	expression := "~^" + w.whenRegexp(r) + method + " " + host + " " + path
	return []string{"        " + nginxQuote(expression) + " " + value + ";\n"}
}

// capture is the variable of a wildcard. PCRE takes names of 32 characters.
func capture(name string) string { return "p_" + name[:min(len(name), 30)] }

// nginxQuote writes a text as one word. Inside quotes nginx takes a backslash away
// before a quote, a backslash, and t, r and n.
func nginxQuote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"':
			b.WriteString(`\"`)
		case c == '\\' && (i+1 == len(text) || strings.IndexByte(`"'\trn`, text[i+1]) >= 0):
			b.WriteString(`\\`)
		default:
			b.WriteByte(c)
		}
	}
	return b.String() + `"`
}

// upstream writes a backend.
func (w *nginxWriter) upstream(b *route.Backend) string {
	addresses := w.addresses(b)
	var text strings.Builder
	fmt.Fprintf(&text, "    upstream %s {\n", b.Name)
	if len(addresses) > 1 && b.Balance != route.RoundRobin {
		text.WriteString("        random two least_conn;\n")
	}
	for _, a := range addresses {
		fmt.Fprintf(&text, "        server %s max_fails=0;\n", a.host)
	}
	text.WriteString("        keepalive 64;\n    }\n")
	if len(b.Transport) > 0 {
		w.loseBackend(b, "its transport (%s) is Caddy's", strings.Join(sortedKeys(b.Transport), ", "))
	}
	if addresses[0].scheme == "https" {
		w.loseBackend(b, "all its addresses are asked for the certificate of the first, which nginx does not verify: set proxy_ssl_verify and proxy_ssl_trusted_certificate")
	}
	return text.String()
}

// locations writes a location for each side of a rule.
func (w *nginxWriter) locations(b *strings.Builder, r *rule) {
	for _, s := range r.shares {
		fmt.Fprintf(b, "        location @%s:%s { # %s\n", r.ID, s.side, oneLine(r.title()))
		for _, line := range w.rewrite(r, s) {
			b.WriteString("            " + line + ";\n")
		}
		if first := w.addresses(s.backend)[0]; first.scheme == "https" {
			fmt.Fprintf(b, "            proxy_ssl_name %s;\n", first.name())
		}
		fmt.Fprintf(b, "            proxy_connect_timeout %dms;\n", connectTimeout(s.backend).Milliseconds())
		fmt.Fprintf(b, "            proxy_pass %s://%s;\n        }\n", scheme(s.backend), s.backend.Name)
	}
}

// oneLine keeps a text from ending a comment.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// variable makes a name for a variable.
func (w *nginxWriter) variable(what string) string {
	w.variables++
	return fmt.Sprintf("$ficus_%s_%d", what, w.variables)
}

// memo makes a variable once.
func (w *nginxWriter) memo(key string, create func() string) string {
	name, known := w.made[key]
	if !known {
		name = create()
		w.made[key] = name
	}
	return name
}

// addMap adds a map from one variable to another; lines are pairs.
func (w *nginxWriter) addMap(from, to string, lines ...string) {
	text := fmt.Sprintf("\n    map %s %s {\n", from, to)
	for i := 0; i+1 < len(lines); i += 2 {
		text += "        " + lines[i] + " " + lines[i+1] + ";\n"
	}
	w.maps = append(w.maps, text+"    }\n")
}

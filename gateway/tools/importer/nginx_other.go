package importer

import (
	"slices"
	"strings"
)

// neutral directives say nothing about which backend gets a request, or are Caddy's
// business in front of the table. A name that ends with "*" stands for all that begin so.
var neutral = []string{
	"access_log", "aio", "charset", "chunked_transfer_encoding", "client_*", "connection_pool_size", "daemon", "default_type", "directio*",
	"env", "error_log", "etag", "events", "fastcgi_*", "geo", "gzip*", "http2*", "http3*", "ignore_invalid_headers", "index", "keepalive_*",
	"large_client_header_buffers", "lingering_*", "listen", "load_module", "log_*", "map", "map_*", "master_process", "max_ranges",
	"merge_slashes", "msie_*", "open_file_cache*", "output_buffers", "pid", "port_in_redirect", "postpone_output", "proxy_buffer*",
	"proxy_busy_buffers_size", "proxy_http_version", "proxy_max_temp_file_size", "proxy_pass",
	"proxy_request_buffering", "proxy_socket_keepalive", "proxy_ssl_*", "proxy_temp_*", "quic_*", "read_ahead",
	"recursive_error_pages", "request_pool_size", "reset_timedout_connection", "resolver*", "root", "alias", "scgi_*", "send_*", "sendfile*",
	"server_name*", "server_tokens", "server_names_*", "split_clients", "ssl*", "tcp_*", "thread_pool", "types*", "try_files", "underscores_in_headers",
	"upstream", "user", "uwsgi_*", "variables_*", "worker_*",
}

func isNeutral(name string) bool {
	return slices.ContainsFunc(neutral, func(n string) bool {
		prefix, any := strings.CutSuffix(n, "*")
		return n == name || any && strings.HasPrefix(name, prefix)
	})
}

// forwarding headers are those that every configuration hands on; Ficus keeps the Host,
// and the others are set by its option "forwarded".
var forwarding = []string{"host", "connection", "upgrade", "x-real-ip", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-ssl", "accept-encoding"}

// elsewhere is where a table says what looks alike in nginx and is not quite the same.
var elsewhere = map[string]string{
	"limit_req": "the route's rate_limit", "limit_req_zone": "the route's rate_limit", "mirror": "the route's stage shadow",
	"proxy_connect_timeout": "the backend's connect_timeout", "proxy_read_timeout": "the route's try_timeout and idle_timeout",
	"proxy_send_timeout": "the route's idle_timeout", "proxy_next_upstream": "the route's retry and fallback",
	"proxy_next_upstream_timeout": "the route's timeout", "proxy_next_upstream_tries": "the route's retry",
}

// other lists a directive that no route says, unless it says nothing about requests.
func (n *nginxImporter) other(d directive) {
	value := ""
	if len(d.args) > 0 {
		value = d.args[0]
	}
	switch {
	case isNeutral(d.name):
	case d.name == "proxy_set_header" && slices.Contains(forwarding, strings.ToLower(value)):
	case (d.name == "proxy_redirect" || d.name == "proxy_cache" || d.name == "proxy_intercept_errors" || d.name == "expires" || d.name == "auth_basic") && value == "off":
	case d.name == "proxy_redirect" && value == "default":
	case d.name == "proxy_set_header":
		n.lose(d.place, "%s: say it by the route's rewrite.legacy.headers", d.text())
	case d.name == "add_header":
		n.lose(d.place, "%s: say it by the route's rewrite.legacy.response_headers", d.text())
	case d.name == "proxy_redirect" || strings.HasPrefix(d.name, "proxy_cookie_"):
		n.lose(d.place, "%s: say it by the route's rewrite.legacy.map_back", d.text())
	case d.name == "allow" || d.name == "deny" || d.name == "satisfy" || strings.HasPrefix(d.name, "auth_"):
		n.lose(d.place, "%s: who may is said by a policy", d.text())
	case d.name == "rewrite":
		n.lose(d.place, "%s: say it by the route's rewrite, or leave it to the backend", d.text())
	case elsewhere[d.name] != "":
		n.lose(d.place, "%s: say it by %s", d.text(), elsewhere[d.name])
	default:
		n.lose(d.place, "%s: no part of a route table", d.text())
	}
}

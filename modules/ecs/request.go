package ecs

import (
	"net"
	"strconv"
	"strings"
	"time"
)

// known are the fields of Caddy's access log that the line holds in its own way, or leaves
// out.
var known = map[string]bool{
	"request": true, "resp_headers": true, "status": true, "size": true, "bytes_read": true, "duration": true, "user_id": true,
}

// request adds what Caddy's access log says of a request.
func (e *Encoder) request(out document, request, fields map[string]any) {
	headers, _ := request["headers"].(map[string]any)
	sent, _ := fields["resp_headers"].(map[string]any)
	http := out.within("http", "request")
	http["method"] = asText(request["method"])
	http.set("body", "bytes", fields["bytes_read"])
	addFirst(http, "mime_type", headers, "Content-Type")
	if from := first(headers, "Referer"); from != "" {
		http["referrer"] = e.redactURL(from)
	}
	out.set("http", "version", strings.TrimPrefix(asText(request["proto"]), "HTTP/"))
	answer := out.within("http", "response")
	answer.set("body", "bytes", fields["size"])
	addFirst(answer, "mime_type", sent, "Content-Type")
	status, _ := fields["status"].(int64)
	if status != 0 {
		answer["status_code"] = status
	}
	e.url(out, request)
	out.set("client", "ip", request["client_ip"])
	out.set("source", "ip", request["remote_ip"])
	if port, err := strconv.Atoi(asText(request["remote_port"])); err == nil {
		out.set("source", "port", port)
	}
	if agent := first(headers, "User-Agent"); agent != "" {
		out.set("user_agent", "original", bounded(agent))
	}
	if user := asText(fields["user_id"]); user != "" {
		out.set("user", "id", user)
	}
	event(out, status, fields["duration"])
}

func event(out document, status int64, duration any) {
	out["event"] = document{"kind": "event", "category": []string{"web"}, "type": []string{"access"}, "dataset": "caddy.access", "outcome": outcome(status)}
	if took, ok := duration.(time.Duration); ok {
		out.set("event", "duration", took.Nanoseconds())
	}
}

func outcome(status int64) string {
	switch {
	case status == 0:
		return "unknown"
	case status >= 400:
		return "failure"
	}
	return "success"
}

// url adds what was asked for, without secrets.
func (e *Encoder) url(out document, request map[string]any) {
	uri := asText(request["uri"])
	if _, rest, absolute := strings.Cut(uri, "://"); absolute && !strings.HasPrefix(uri, "/") {
		uri = "/"
		if i := strings.IndexAny(rest, "/?"); i >= 0 {
			uri = rest[i:]
		}
	}
	if strings.HasPrefix(uri, "?") {
		uri = "/" + uri
	}
	path, query, _ := strings.Cut(uri, "?")
	url := document{"path": bounded(path), "original": e.redactURL(uri), "scheme": "http"}
	if query != "" {
		url["query"] = bounded(e.redactQuery(query))
	}
	host := asText(request["host"])
	if name, port, err := net.SplitHostPort(host); err == nil {
		host = name
		if number, err := strconv.Atoi(port); err == nil {
			url["port"] = number
		}
	}
	url["domain"] = bounded(host)
	if tls, ok := request["tls"].(map[string]any); ok {
		url["scheme"] = "https"
		out["tls"] = document{"established": true, "resumed": tls["resumed"], "next_protocol": tls["proto"], "client": document{"server_name": tls["server_name"]}}
	}
	out["url"] = url
}

// first returns the first value of a header, "" for none.
func first(headers map[string]any, name string) string {
	values, _ := headers[name].([]any)
	if len(values) == 0 {
		return ""
	}
	return asText(values[0])
}

func addFirst(to document, field string, headers map[string]any, name string) {
	if value := first(headers, name); value != "" {
		to[field] = bounded(value)
	}
}

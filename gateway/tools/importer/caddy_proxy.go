package importer

import (
	"cmp"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"ficus/gateway/route"
)

// proxy makes candidates of a reverse_proxy.
func (c *caddyImporter) proxy(h *node, s scope) {
	scheme := "http"
	if transport := h.get("transport"); transport.has("tls") {
		scheme = "https"
	} else if protocol := transport.get("protocol").text(); protocol != "" && protocol != "http" {
		c.lose(h.place, "reverse_proxy by %s: a backend speaks HTTP; the route is on legacy%s", protocol, s.about())
		c.emit(h, s, "")
		return
	}
	var addresses []string
	for _, u := range h.get("upstreams").items() {
		dial := u.get("dial").text()
		if url, rest, ok := address(scheme + "://" + strings.TrimPrefix(dial, "tcp/")); ok && rest == "" && !strings.ContainsAny(dial, "{}") {
			if !slices.Contains(addresses, url) {
				addresses = append(addresses, url)
			}
		} else {
			c.lose(u.place, "upstream %s: a backend has addresses of host and port%s", dial, s.about())
		}
	}
	c.proxyOptions(h, s)
	target := ""
	if len(addresses) > 0 {
		target = c.targetOf(route.Backend{
			Name: cmp.Or(s.id, hostOf(addresses[0])), Balance: c.balance(h, s, len(addresses)),
			Addresses: addresses, Transport: transportOf(h.get("transport")),
		})
	}
	c.emit(h, s, target)
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// proxyOptions lists what of a reverse_proxy the table does not say.
func (c *caddyImporter) proxyOptions(h *node, s scope) {
	for _, key := range h.keys {
		switch key {
		case "handler", "upstreams", "transport", "load_balancing", "flush_interval", "request_buffers", "response_buffers", "stream_timeout", "stream_close_delay":
		case "headers":
			c.lose(h.get(key).place, "headers of reverse_proxy: say them by the rewrite of the route%s", s.about())
		case "health_checks":
			c.lose(h.get(key).place, "health checks of reverse_proxy: say them by the health and the breaker of the backend%s", s.about())
		default:
			c.lose(h.get(key).place, "%s of reverse_proxy: no part of a route table%s", key, s.about())
		}
	}
}

func (c *caddyImporter) balance(h *node, s scope, addresses int) route.Balance {
	policy := h.get("load_balancing", "selection_policy")
	switch name := policy.get("policy").text(); name {
	case "round_robin":
		if addresses > 1 {
			return route.RoundRobin
		}
	case "", "random", "random_choose", "least_conn":
	default:
		c.lose(policy.place, "%s: a backend balances by least_requests, least_time or round_robin%s", name, s.about())
	}
	return route.LeastRequests
}

// transportOf returns what a transport says beside what a backend has anyway.
func transportOf(transport *node) map[string]any {
	usual := map[string]any{"compression": false, "expect_continue_timeout": "1s", "network_proxy": map[string]any{"from": "none"}}
	options := map[string]any{}
	for _, key := range transport.fieldNames() {
		value := transport.get(key).plain()
		implied := key == "protocol" || key == "tls" && len(transport.get(key).fieldNames()) == 0
		if !implied && !reflect.DeepEqual(usual[key], value) {
			options[key] = value
		}
	}
	if len(options) == 0 {
		return nil
	}
	return options
}

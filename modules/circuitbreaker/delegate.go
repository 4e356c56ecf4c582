package circuitbreaker

import (
	"fmt"
	"net/url"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp/headers"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
)

// reverse_proxy asks its transport for more than requests. What it asks this one, the
// transport within answers; where that does not know the question, the answer is what
// reverse_proxy assumes of such a transport.

// TLSEnabled reports whether upstreams are spoken to over TLS.
func (t *Transport) TLSEnabled() bool {
	inner, ok := t.inner.(reverseproxy.TLSTransport)
	return ok && inner.TLSEnabled()
}

// EnableTLS has upstreams spoken to over TLS.
func (t *Transport) EnableTLS(base *reverseproxy.TLSConfig) error {
	inner, ok := t.inner.(reverseproxy.TLSTransport)
	if !ok {
		return fmt.Errorf("upstreams are https, and the transport %s knows no TLS", t.name)
	}
	if err := inner.EnableTLS(base); err != nil {
		return err
	}
	t.encode()
	return nil
}

// EnableH2C has upstreams spoken to over HTTP/2 without TLS.
func (t *Transport) EnableH2C() error {
	inner, ok := t.inner.(reverseproxy.H2CTransport)
	if !ok {
		return fmt.Errorf("upstreams are h2c, and the transport %s knows no HTTP/2", t.name)
	}
	if err := inner.EnableH2C(); err != nil {
		return err
	}
	t.encode()
	return nil
}

// ProxyProtocolEnabled reports whether connections begin with a PROXY header.
func (t *Transport) ProxyProtocolEnabled() bool {
	inner, ok := t.inner.(reverseproxy.ProxyProtocolTransport)
	return ok && inner.ProxyProtocolEnabled()
}

// OverrideHealthCheckScheme changes the scheme of a health check's URL.
func (t *Transport) OverrideHealthCheckScheme(base *url.URL, port string) {
	if inner, ok := t.inner.(reverseproxy.HealthCheckSchemeOverriderTransport); ok {
		inner.OverrideHealthCheckScheme(base, port)
	}
}

// RequiresContentLength reports whether bodies need a length.
func (t *Transport) RequiresContentLength() bool {
	inner, ok := t.inner.(reverseproxy.ContentLengthRequiredTransport)
	return ok && inner.RequiresContentLength()
}

// DefaultBufferSizes returns how much of requests and answers is buffered, in bytes.
func (t *Transport) DefaultBufferSizes() (request, response int64) {
	if inner, ok := t.inner.(reverseproxy.BufferedTransport); ok {
		return inner.DefaultBufferSizes()
	}
	return 0, 0
}

// RequestHeaderOps returns what is done to the headers of requests; nil for nothing.
func (t *Transport) RequestHeaderOps() *headers.HeaderOps {
	if inner, ok := t.inner.(reverseproxy.RequestHeaderOpsTransport); ok {
		return inner.RequestHeaderOps()
	}
	return nil
}

// CloseIdleConnections is for http.Client, which has Caddy's health checks.
func (t *Transport) CloseIdleConnections() {
	if inner, ok := t.inner.(interface{ CloseIdleConnections() }); ok {
		inner.CloseIdleConnections()
	}
}

// Interface guards
var (
	_ reverseproxy.TLSTransport                        = (*Transport)(nil)
	_ reverseproxy.H2CTransport                        = (*Transport)(nil)
	_ reverseproxy.ProxyProtocolTransport              = (*Transport)(nil)
	_ reverseproxy.HealthCheckSchemeOverriderTransport = (*Transport)(nil)
	_ reverseproxy.ContentLengthRequiredTransport      = (*Transport)(nil)
	_ reverseproxy.BufferedTransport                   = (*Transport)(nil)
	_ reverseproxy.RequestHeaderOpsTransport           = (*Transport)(nil)
)

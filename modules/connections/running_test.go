package connections_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"ficus/gateway/connections"
	"ficus/gateway/gatewaytest"
	module "ficus/modules/connections"
)

// config is Caddy with one server that says hello, with these wrappers.
func config(wrappers, more string) []byte {
	return []byte(`{"apps":{"http":{"servers":{"s":{"automatic_https":{"disable":true},"listener_wrappers":[` + wrappers + `],
		"routes":[{"handle":[{"handler":"static_response","body":"hello"}]}]` + more + `}}}}}`)
}

func wrapped(perClient int) []byte {
	return config(fmt.Sprintf(`{"wrapper":"connections","max_per_client":%d},{"wrapper":"tls"},{"wrapper":"handover"}`, perClient), "")
}

// A reload changes the bounds, and what is open goes on to count, and to be served.
func TestReload(t *testing.T) {
	address := gatewaytest.RunCaddy(t, wrapped(2))
	clients := []*client{dial(t, address), dial(t, address)}
	for _, c := range clients {
		c.served(t)
	}
	dial(t, address).refused(t)
	if again := gatewaytest.ReloadCaddy(t, wrapped(3)); again != address {
		t.Fatalf("it listens at %s, and not at %s", again, address)
	}
	clients = append(clients, dial(t, address))
	for _, c := range clients {
		c.served(t)
	}
	dial(t, address).refused(t)
	gatewaytest.ReloadCaddy(t, wrapped(1))
	for _, c := range clients {
		c.served(t)
		_ = c.Close()
	}
	gatewaytest.Await(t, "all to be closed", func() bool { return status(t).Open == 0 })
	dial(t, address).served(t)
}

func status(t *testing.T) connections.Status {
	t.Helper()
	all := module.Statuses()
	if len(all) != 1 {
		t.Fatalf("%+v", all)
	}
	return all[0]
}

// A bound for all holds without handover, too, and for HTTP/2 over TLS.
func TestTLS(t *testing.T) {
	made := httptest.NewTLSServer(nil)
	made.Close()
	key, err := x509.MarshalPKCS8PrivateKey(made.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	asText := func(kind string, bytes []byte) string {
		text, _ := json.Marshal(string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes})))
		return string(text)
	}
	text := config(`{"wrapper":"connections","max":1},{"wrapper":"tls"}`, `,"tls_connection_policies":[{}]`)
	text = bytes.Replace(text, []byte(`"apps":{`), []byte(`"apps":{"tls":{"certificates":{"load_pem":[{"certificate":`+
		asText("CERTIFICATE", made.Certificate().Raw)+`,"key":`+asText("PRIVATE KEY", key)+`}]}},`), 1)
	address := gatewaytest.RunCaddy(t, text)
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Get("https://" + address)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.ProtoMajor != 2 || answer.StatusCode != 200 {
		t.Errorf("%s %s", answer.Proto, answer.Status)
	}
	dial(t, address).refused(t)
	if got := status(t); got.Open != 1 || got.Limit != 1 || got.Refused[connections.All] != 1 {
		t.Errorf("%+v", got)
	}
}

type client struct {
	net.Conn // nil where it was reset before it was there
	r        *bufio.Reader
}

func dial(t *testing.T, address string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return &client{}
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	return &client{conn, bufio.NewReader(conn)}
}

func (c *client) served(t *testing.T) {
	t.Helper()
	if c.Conn == nil {
		t.Error("not connected")
		return
	}
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	answer, err := http.ReadResponse(c.r, nil)
	if err != nil {
		t.Error(err)
		return
	}
	var body bytes.Buffer
	if _, err := body.ReadFrom(answer.Body); err != nil || body.String() != "hello" {
		t.Errorf("%q, %v", body.String(), err)
	}
}

func (c *client) refused(t *testing.T) {
	t.Helper()
	if c.Conn == nil {
		return
	}
	_, err := c.r.ReadByte()
	var timeout net.Error
	if err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("%v", err)
	}
}

package apps

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	bin "github.com/mccutchen/go-httpbin/v2/httpbin"
)

// A behind is how the gateway speaks to an application: go-httpbin, which listens in that
// way.
type behind struct {
	name, host string
	proto      string // by which it is asked
	written    string // in the documentation
	definition string // in the route file
	url        string // of it, asked directly
	directly   http.RoundTripper

	mu   sync.Mutex
	seen map[string]bool
}

// protos returns the protocols by which it has been asked since the last call.
func (b *behind) protos() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := slices.Sorted(maps.Keys(b.seen))
	b.seen = nil
	return all
}

func (b *behind) note(proto string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen == nil {
		b.seen = map[string]bool{}
	}
	b.seen[proto] = true
}

// startBehinds starts the application in each way in which it can be behind the gateway.
func startBehinds(t *testing.T) []*behind {
	t.Helper()
	dir := t.TempDir()
	server, client := certify(t, dir, "server"), certify(t, dir, "client")
	trusted := fmt.Sprintf("ca: { provider: file, pem_files: [%q] }", filepath.Join(dir, "server.pem"))
	keys := fmt.Sprintf("client_certificate_file: %q, client_certificate_key_file: %q", filepath.Join(dir, "client.pem"), filepath.Join(dir, "client.key"))
	clients := x509.NewCertPool()
	clients.AddCert(client.Leaf)
	mutual := &tls.Config{Certificates: []tls.Certificate{server}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}
	open := &tls.Config{Certificates: []tls.Certificate{server}}
	socket := func(name string) string { return filepath.Join(dir, name) }
	cleartext := []*behind{
		{name: "HTTP/1.1", host: "h1.example", proto: "HTTP/1.1", written: "http://host:port"},
		{name: "h2c", host: "h2c.example", proto: "HTTP/2.0", written: "transport: { versions: [h2c] }", definition: ", transport: { versions: [h2c] }"},
		{name: "Unix socket", host: "unix.example", proto: "HTTP/1.1", written: "unix:///run/shop.sock", url: "unix://" + socket("one")},
		{name: "Unix socket, h2c", host: "unix-h2c.example", proto: "HTTP/2.0", written: "unix:///run/shop.sock, transport: { versions: [h2c] }", definition: ", transport: { versions: [h2c] }", url: "unix://" + socket("two")},
	}
	for _, b := range cleartext {
		b.start(t, nil)
	}
	secure := []*behind{
		{name: "HTTP/1.1, TLS", host: "tls.example", proto: "HTTP/1.1", written: "https://host:port, transport: { versions: [\"1.1\"], tls: { ca: … } }", definition: `, transport: { versions: ["1.1"], tls: { ` + trusted + " } }"},
		{name: "HTTP/2, TLS", host: "h2.example", proto: "HTTP/2.0", written: "https://host:port, transport: { tls: { ca: … } }", definition: ", transport: { tls: { " + trusted + " } }"},
	}
	for _, b := range secure {
		b.start(t, open)
	}
	both := &behind{name: "HTTP/2, TLS with client certificate", host: "mutual.example", proto: "HTTP/2.0",
		written:    "https://host:port, transport: { tls: { client_certificate_file: …, client_certificate_key_file: … } }",
		definition: ", transport: { tls: { " + trusted + ", " + keys + " } }"}
	both.start(t, mutual, client)
	return append(append(cleartext, secure...), both)
}

// withoutCertificate is a backend that does not show what is asked for.
func withoutCertificate(b *behind) *behind {
	definition, _, _ := strings.Cut(b.definition, ", client_certificate_file")
	return &behind{name: "no certificate", host: "without.example", definition: definition + " } }"}
}

// start runs the application; config is nil for no TLS.
func (b *behind) start(t *testing.T, config *tls.Config, client ...tls.Certificate) {
	t.Helper()
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	app := bin.New(bin.WithHostname("host.example")).Handler()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.note(r.Proto)
		if r.RemoteAddr == "@" || r.RemoteAddr == "" { // as on a Unix socket, where nobody has an address
			r.RemoteAddr = "127.0.0.1:1"
		}
		app.ServeHTTP(w, r)
	}))
	server.Config.Protocols = protocols
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // a handshake is refused on purpose
	server.TLS, server.EnableHTTP2 = config, config != nil
	transport := &http.Transport{DisableCompression: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true, Certificates: client}}
	b.directly = transport
	if path, ok := strings.CutPrefix(b.url, "unix://"); ok {
		listener, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		_ = server.Listener.Close()
		server.Listener = listener
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}
		b.definition = fmt.Sprintf("addresses: [%q]", b.url) + b.definition
		server.Start()
		b.url = "http://" + b.host
	} else {
		if config != nil {
			server.StartTLS()
		} else {
			server.Start()
		}
		b.url = server.URL
		b.definition = fmt.Sprintf("addresses: [%q]", b.url) + b.definition
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
}

// certify makes a certificate for 127.0.0.1, which is its own authority, and writes it
// and its key.
func certify(t *testing.T, dir, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{".pem": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, name+file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

package faults

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// tls makes an address of the backend that speaks TLS with a certificate for a host,
// signed by an authority that the backend's transport trusts or not.
func (s *scene) tls(host string, trusted bool) {
	s.t.Helper()
	certificate := certify(s.t, host)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		s.t.Fatal(err)
	}
	o := listenOn(s.t, l, "new", healthy)
	s.origins = append(s.origins, o)
	s.addresses = append(s.addresses, "https://"+o.address)
	if trusted {
		file := filepath.Join(s.t.TempDir(), "ca.pem")
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}), 0o600); err != nil {
			s.t.Fatal(err)
		}
		s.with("transport: { tls: { ca: { provider: file, pem_files: [%q] } } }", file)
	}
}

// handshake makes an address that is https, of an origin on which no TLS comes about.
func (s *scene) handshake(serve func(*conversation)) {
	o := listen(s.t, "new", serve)
	s.origins = append(s.origins, o)
	s.addresses = append(s.addresses, "https://"+o.address)
}

// certify returns a certificate for a host that is its own authority.
func certify(t testing.TB, host string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tests"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

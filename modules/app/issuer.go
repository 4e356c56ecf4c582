package app

import (
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"ficus/gateway/identity"
	"ficus/gateway/identity/issuer"
)

// signer signs internal tokens. It begins when it is first needed: a configuration that
// is only tried out writes nothing into the state folder.
type signer struct {
	state  string
	logger *slog.Logger

	once sync.Once
	made *issuer.Issuer
	err  error
}

var errSignerClosed = errors.New("the gateway has ended")

func (s *signer) issuer() (*issuer.Issuer, error) {
	s.once.Do(func() { s.made, s.err = newIssuer(s.state, s.logger) })
	return s.made, s.err
}

// issue implements identity.Issue.
func (s *signer) issue(p *identity.Principal, grant identity.Grant) (string, error) {
	i, err := s.issuer()
	if err != nil {
		return "", err
	}
	return i.Token(p, grant)
}

// ServeHTTP serves the public keys.
func (s *signer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i, err := s.issuer()
	if err != nil {
		s.logger.Error("there are no keys for internal tokens", "error", err)
		http.Error(w, "no keys", http.StatusServiceUnavailable)
		return
	}
	i.ServeHTTP(w, r)
}

func (s *signer) close() error {
	s.once.Do(func() { s.err = errSignerClosed })
	if s.made == nil {
		return nil
	}
	return s.made.Close()
}

// newIssuer makes what signs internal tokens. Its keys lie in the state folder, for the
// next start and for other gateways of this machine; where that can't be written, they
// are new at each start.
func newIssuer(state string, logger *slog.Logger) (*issuer.Issuer, error) {
	config := issuer.Config{OnKeys: func(err error) {
		if err != nil {
			logger.Warn("the keys of internal tokens can't be looked at: those that are known go on signing", "error", err)
		}
	}}
	err := os.MkdirAll(state, 0o700)
	if err == nil {
		config.Store = issuer.NewFileStore(filepath.Join(state, "identity-keys.json"))
		var made *issuer.Issuer
		if made, err = issuer.New(config); err == nil {
			return made, nil
		}
	}
	logger.Warn("the keys of internal tokens can't be kept: a restart makes new ones, which services take a moment to notice", "error", err)
	config.Store = &issuer.MemoryStore{}
	return issuer.New(config)
}

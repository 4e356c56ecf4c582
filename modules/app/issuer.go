package app

import (
	"log/slog"
	"os"
	"path/filepath"

	"ficus/gateway/identity/issuer"
)

// newIssuer makes what signs internal tokens. Its keys lie in the state folder, for the
// next start and for other gateways of this machine; where that can't be written, they
// are new at each start.
func newIssuer(s settings, logger *slog.Logger) (*issuer.Issuer, error) {
	config := issuer.Config{OnKeys: func(err error) {
		if err != nil {
			logger.Warn("the keys of internal tokens can't be looked at: those that are known go on signing", "error", err)
		}
	}}
	err := os.MkdirAll(s.state, 0o700)
	if err == nil {
		config.Store = issuer.NewFileStore(filepath.Join(s.state, "identity-keys.json"))
		var made *issuer.Issuer
		if made, err = issuer.New(config); err == nil {
			return made, nil
		}
	}
	logger.Warn("the keys of internal tokens can't be kept: a restart makes new ones, which services take a moment to notice", "error", err)
	config.Store = &issuer.MemoryStore{}
	return issuer.New(config)
}

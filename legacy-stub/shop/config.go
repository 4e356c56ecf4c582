package shop

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// Config is what a shop can be told. The zero Config is a shop that keeps its data in ./data.
type Config struct {
	// DB is the path of an SQLite file, which is made when it is not there, or a postgres:// URL.
	// Default: shop.db in DataDir.
	DB string
	// DataDir is the folder for the default database. Default: "data".
	DataDir string
	// BaseURL is the shop's own idea of its address: scheme and host, without a path. It goes into the "url" of each product in JSON,
	// whatever address the client used (quirks.go). Default: "http://127.0.0.1:9101".
	BaseURL string
	// TrustProxy makes the shop believe X-Forwarded-Proto when it builds absolute redirects and decides whether cookies are Secure.
	// Set it only when a proxy in front sets or removes that header. Default: false.
	TrustProxy bool
	// DemoFaults opens /demo/slow and /demo/error. Default: false.
	DemoFaults bool
	// PasswordCost is the bcrypt cost of new passwords, those of the first accounts too. Default: bcrypt.DefaultCost.
	PasswordCost int
	// StockPoll is how often the shop looks for stock changes that other processes made, while someone watches. Its own changes show
	// at once. Default: 1s.
	StockPoll time.Duration
	// Heartbeat is the time between two comments on an event stream that has nothing to tell. Default: 15s.
	Heartbeat time.Duration
	// Logger takes a line for each request and what goes wrong. Default: slog.Default().
	Logger *slog.Logger
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Rand is the source of tokens and of random order. It is read by one goroutine at a time. Default: crypto/rand.Reader.
	Rand io.Reader
}

// withDefaults fills in what was left out, and checks the rest.
func (c Config) withDefaults() (Config, error) {
	c.DataDir = cmp.Or(c.DataDir, "data")
	c.DB = cmp.Or(c.DB, filepath.Join(c.DataDir, "shop.db"))
	c.BaseURL = strings.TrimSuffix(cmp.Or(c.BaseURL, "http://127.0.0.1:9101"), "/")
	c.PasswordCost = cmp.Or(c.PasswordCost, bcrypt.DefaultCost)
	c.StockPoll = cmp.Or(c.StockPoll, time.Second)
	c.Heartbeat = cmp.Or(c.Heartbeat, 15*time.Second)
	c.Logger = cmp.Or(c.Logger, slog.Default())
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	return c, errors.Join(checkBaseURL(c.BaseURL), checkCost(c.PasswordCost))
}

func checkBaseURL(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return fmt.Errorf("base URL: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("base URL %q: want http://HOST[:PORT] or https://HOST[:PORT]", text)
	}
	return nil
}

func checkCost(cost int) error {
	if cost < bcrypt.MinCost || cost > bcrypt.MaxCost {
		return fmt.Errorf("password cost %d: want %d to %d", cost, bcrypt.MinCost, bcrypt.MaxCost)
	}
	return nil
}

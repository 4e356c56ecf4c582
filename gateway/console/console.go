// Package console is the page that the gateway serves about itself: which side serves
// each route, how well, and what changed when. It is a plain http.Handler.
//
// Pages are rendered here and complete without JavaScript. With it they stay current:
// a stream of events says that something is new, and the page fetches itself again.
// Nothing is loaded from elsewhere, and a strict content security policy holds that.
//
// It changes nothing but the kill switch, and that only by POST, from a page of its own
// (see guard.go). Who may look at all is for who mounts it: by default it listens on
// loopback only.
package console

import (
	"net/http"
	"time"

	"ficus/gateway/control"
	"ficus/gateway/mining"
	"ficus/gateway/overview"
	"ficus/gateway/tools/explain"
)

// Config is what a console shows, and what it may do.
type Config struct {
	overview.Source
	Tables  *control.Tables
	Kill    *control.KillSwitch
	Gateway explain.Gateway // what decides beside the table
	Mined   *mining.Miner   // nil: nobody looks

	// Hosts are names under which the console may be asked for, beside localhost and the
	// addresses themselves.
	Hosts []string

	// Streams bounds how many pages may be kept current at once. Default: 32.
	Streams int
}

// A Console serves the pages.
type Console struct {
	Config
	handler http.Handler
	streams chan struct{} // one place for each stream
}

const defaultStreams = 32

// New returns a console.
func New(config Config) *Console {
	if config.Streams == 0 {
		config.Streams = defaultStreams
	}
	c := &Console{Config: config, streams: make(chan struct{}, config.Streams)}
	mux := http.NewServeMux()
	for pattern, handle := range map[string]http.HandlerFunc{
		"GET /{$}":           c.overviewPage,
		"GET /routes/{id}":   c.routePage,
		"GET /backends":      c.backendsPage,
		"GET /progress":      c.progressPage,
		"GET /legacy":        c.legacyPage,
		"GET /propose":       c.proposePage,
		"GET /problems":      c.problemsPage,
		"GET /changes":       c.changesPage,
		"GET /explain":       c.explainPage,
		"GET /kill":          c.killPage,
		"POST /kill":         c.kill,
		"GET /unkill":        c.unkillPage,
		"POST /unkill":       c.unkill,
		"GET /live":          c.live,
		"GET /static/{file}": static,
		"GET /":              c.notFound,
	} {
		mux.HandleFunc(pattern, handle)
	}
	c.handler = c.guard(mux)
	return c
}

// ServeHTTP serves a page.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.handler.ServeHTTP(w, r) }

func (c *Console) notFound(w http.ResponseWriter, r *http.Request) {
	c.fail(w, r, http.StatusNotFound, "There is no such page.")
}

// How far back lines reach: sparklines at most, and all of them at least, since there are
// few samples after a start. And how many points there are in a line at most.
const (
	window      = 10 * time.Minute
	leastWindow = 2 * time.Minute
	sparkPoints = 40
	chartPoints = 180
)

package faults

import (
	"fmt"
	"strings"
	"testing"

	"ficus/gateway/gatewaytest"
)

// A scene is one fault for one kind of request: a route of its own, with a backend of its
// own, so that nothing that one row of the matrix does is seen in another.
type scene struct {
	t       testing.TB
	id      string
	kind    int // index in kinds
	fault   *fault
	origins []*origin
	lines   []line

	gateway *gatewaytest.Gateway
	ids     []string // of the requests that were sent
	saw     []string // what their client saw

	release   chan struct{} // ends what holding holds
	addresses []string      // of the backend
	backend   []string      // further keys of the backend, as YAML
}

// origin starts an origin of the new side, and makes it an address of the backend.
func (s *scene) origin(serve func(*conversation)) *origin {
	o := listen(s.t, "new", serve)
	s.origins = append(s.origins, o)
	s.addresses = append(s.addresses, "http://"+o.address)
	return o
}

// behind starts an origin of the new side behind a line with toxics.
func (s *scene) behind(serve func(*conversation), toxic ...string) line {
	o := listen(s.t, "new", serve)
	l := lineTo(s.t, o.address, toxic...)
	s.origins, s.lines = append(s.origins, o), append(s.lines, l)
	s.addresses = append(s.addresses, "http://"+l.Listen)
	return l
}

// dead makes an address of the backend at which nobody listens any more.
func (s *scene) dead() { s.behind(healthy).down() }

// holding starts an origin that does not answer until release is closed.
func (s *scene) holding() {
	s.release = make(chan struct{})
	s.origin(func(c *conversation) {
		if proof, ok := c.request(); ok {
			<-s.release
			c.answer(200, proof)
		}
	})
}

// with adds keys to the backend.
func (s *scene) with(format string, values ...any) {
	s.backend = append(s.backend, fmt.Sprintf(format, values...))
}

// scenes sets up all faults for all kinds of request that they are about.
func scenes(t testing.TB, faults []fault) []*scene {
	var all []*scene
	for i := range faults {
		f := &faults[i]
		for k := range kinds {
			if f.about()&kinds[k].kind == 0 {
				continue
			}
			s := &scene{t: t, id: slug(f.name) + "-" + slug(kinds[k].name), kind: k, fault: f}
			f.start(s)
			all = append(all, s)
		}
	}
	return all
}

func slug(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case r == ' ' || r == '-':
			return '-'
		}
		return -1
	}, name), "-")
}

// routeFile writes the route file for all scenes. A breaker opens at the first failure
// and stays open: so its state says afterwards whether the request counted as one. The
// budgets are as large as they may be: that they bound retries is not what is shown here.
func routeFile(legacy string, all []*scene) string {
	var backends, routes strings.Builder
	for _, s := range all {
		breaker := s.fault.breaker
		if breaker == "" {
			breaker = "min_requests: 1, open_for: 1h"
		}
		fmt.Fprintf(&backends, "  %s:\n    addresses: [\"%s\"]\n    breaker: { %s }\n    retry_budget: { ratio: 0.2, floor: 100 }\n",
			s.id, strings.Join(s.addresses, `", "`), breaker)
		for _, text := range append([]string{s.fault.backend}, s.backend...) {
			if text != "" {
				fmt.Fprintf(&backends, "    %s\n", text)
			}
		}
		stage := s.fault.stage
		if stage == "" {
			stage = "new"
		}
		fmt.Fprintf(&routes, "  - id: %s\n    match: /%[1]s\n    policy: public\n    backend: %[1]s\n    stage: %s\n", s.id, stage)
		if s.fault.route != "" {
			fmt.Fprintf(&routes, "    %s\n", s.fault.route)
		}
	}
	return fmt.Sprintf("backends:\n  legacy: { addresses: [%q] }\n%sroutes:\n%s", legacy, &backends, &routes)
}

// want is what is expected of the scene.
func (s *scene) want() outcome {
	for _, row := range s.fault.rows {
		if row.kinds&kinds[s.kind].kind != 0 {
			return row.want
		}
	}
	return outcome{}
}

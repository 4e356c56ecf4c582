package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"text/template"
	"time"

	"ficus/gateway/freeport"
)

//go:embed peers
var peerFiles embed.FS

// setup is what a proxy is configured to do; the files of peers/ are filled in with it.
type setup struct {
	Dir, Listen, Admin string
	Backend, Other     string // two backends
	Routes             []routeTo
	Policy             string // that guards all routes; "" for none
	Tuned              bool   // Caddy: with what is known to make it faster
	Everything         bool   // Ficus: breaker, bulkhead, retries and fallback on all routes
	Shadow             bool   // Ficus: Other gets a copy of each request
	Keys               string // that verify tokens
}

// routeTo is a route below a path.
type routeTo struct {
	ID, Path string
	Moved    bool // to Other
}

// Of is the backend of a route.
func (s *setup) Of(r routeTo) string {
	if r.Moved {
		return s.Other
	}
	return s.Backend
}

// Port is where the proxy listens.
func (s *setup) Port() string { return s.Listen[strings.LastIndexByte(s.Listen, ':')+1:] }

// routes makes n routes of a shop's kind.
func routes(n int) []routeTo {
	all := make([]routeTo, n)
	for i := range all {
		all[i] = routeTo{ID: fmt.Sprintf("r%d", i), Path: fmt.Sprintf("/api/area%d/resource%d", i/100, i)}
	}
	return all
}

// paths are requests for as many of n routes as there are, up to a thousand.
func paths(n int) []string {
	var all []string
	for i := 0; i < n; i += max(1, n/1000) {
		all = append(all, fmt.Sprintf("/api/area%d/resource%d/%d", i/100, i, i))
	}
	return all
}

// A peer is a proxy that can be measured.
type peer struct {
	program string            // that has to be installed; "": ficus
	files   map[string]string // what is written into its folder, by the template in peers/
	args    []string          // with places as in setup
	env     func(s *setup) []string
	reload  func(p *proxy) error // after its files have been written anew; nil: it notices
}

const (
	caddy   = "Caddy"
	nginx   = "nginx"
	haproxy = "HAProxy"
	skipper = "Skipper"
	ficus   = "Ficus"
	before  = "Ficus before" // another build, with -before
)

var peers = map[string]*peer{
	caddy: {
		files: map[string]string{"Caddyfile": "caddy.Caddyfile"}, args: []string{"run", "--config", "{{.Dir}}/Caddyfile"},
		reload: loadCaddyfile,
	},
	nginx: {
		program: "nginx", files: map[string]string{"nginx.conf": "nginx.conf"}, args: []string{"-c", "{{.Dir}}/nginx.conf"},
		reload: func(p *proxy) error { return p.cmd.Process.Signal(syscall.SIGHUP) },
	},
	haproxy: {
		program: "haproxy", files: map[string]string{"haproxy.cfg": "haproxy.cfg", "routes.map": "haproxy.map"},
		args: []string{"-db", "-f", "{{.Dir}}/haproxy.cfg"},
	},
	skipper: {
		program: "skipper", files: map[string]string{"routes.eskip": "skipper.eskip", "opa.yaml": "skipper.opa.yaml"},
		args: []string{
			"-address={{.Listen}}", "-support-listener={{.Admin}}", "-routes-file={{.Dir}}/routes.eskip", "-access-log-disabled", "-idle-conns-num=512", "-source-poll-timeout=30",
			"-enable-open-policy-agent={{if .Policy}}true{{else}}false{{end}}", "-open-policy-agent-config-template={{.Dir}}/opa.yaml",
		},
	},
	ficus:  {files: ficusFiles, args: []string{"run", "--config", "{{.Dir}}/Caddyfile"}, env: ficusEnvironment},
	before: {files: ficusFiles, args: []string{"run", "--config", "{{.Dir}}/Caddyfile"}, env: ficusEnvironment},
}

var ficusFiles = map[string]string{"routes/routes.yaml": "ficus.yaml", "routes/policies/orders.rego": "orders.rego"}

func ficusEnvironment(s *setup) []string {
	return []string{"FICUS_ADDRESS=http://:" + s.Port(), "FICUS_ADMIN=" + s.Admin, "FICUS_CONSOLE=http://127.0.0.1:0", "FICUS_ROUTES=" + s.Dir + "/routes"}
}

// loadCaddyfile has Caddy reload as "caddy reload" does.
func loadCaddyfile(p *proxy) error {
	text, err := os.ReadFile(filepath.Join(p.Dir, "Caddyfile"))
	if err != nil {
		return err
	}
	response, err := http.Post("http://"+p.Admin+"/load", "text/caddyfile", bytes.NewReader(text))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}

// proxy is a peer that runs.
type proxy struct {
	*process
	setup
	peer    *peer
	written map[string]string // its files, by name
}

var errMissing = errors.New("it is not installed")

// begin starts a peer, and waits until it answers.
func (b *bench) begin(name string, s setup) (*proxy, error) {
	p := &proxy{setup: s, peer: peers[name]}
	program, err := b.program(name)
	if err != nil {
		return nil, err
	}
	b.started++
	p.Dir = filepath.Join(b.dir, fmt.Sprintf("%02d-%s", b.started, strings.ReplaceAll(name, " ", "-")))
	if p.Listen, err = freeport.On("127.0.0.1"); err == nil {
		p.Admin, err = freeport.On("127.0.0.1")
	}
	texts, err2 := p.texts()
	if err = errors.Join(err, err2); err == nil {
		err = p.write(texts)
	}
	if err != nil {
		return nil, err
	}
	args := []string{program}
	for _, a := range p.peer.args {
		text, err := fill(a, &p.setup)
		if err != nil {
			return nil, err
		}
		args = append(args, text)
	}
	var env []string
	if p.peer.env != nil {
		env = p.peer.env(&p.setup)
		if err := b.writeCaddyfile(program, p.Dir); err != nil {
			return nil, err
		}
	}
	if p.process, err = start(proxyCore, p.Dir, env, args...); err != nil {
		return nil, err
	}
	if err := p.await(); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// program finds the one of a peer.
func (b *bench) program(name string) (string, error) {
	switch {
	case name == before && b.before == "":
		return "", errMissing
	case name == before:
		return b.before, nil
	case peers[name].program == "":
		return b.ficus, nil
	}
	path, err := exec.LookPath(peers[name].program)
	if err != nil {
		return "", errMissing
	}
	return path, nil
}

// texts are what the peer's files have to say. A file with nothing to say is left out.
func (p *proxy) texts() (map[string]string, error) {
	texts := map[string]string{}
	for name, from := range p.peer.files {
		text, err := peerFiles.ReadFile("peers/" + from)
		if err != nil {
			return nil, err
		}
		filled, err := fill(string(text), &p.setup)
		if err != nil {
			return nil, err
		}
		if filled != "" {
			texts[name] = filled
		}
	}
	return texts, nil
}

// write writes those of the peer's files that say something else now, each at once.
func (p *proxy) write(texts map[string]string) error {
	for name, text := range texts {
		if p.written[name] == text {
			continue
		}
		if err := replace(filepath.Join(p.Dir, name), text); err != nil {
			return err
		}
	}
	p.written = texts
	return nil
}

func replace(path, text string) error {
	temp := path + "~"
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(temp, []byte(text), 0o644), os.Rename(temp, path)) //nolint:gosec // who calls the program names the file
}

func fill(text string, s *setup) (string, error) {
	t, err := template.New("").Parse(text)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = t.Execute(&out, s)
	return out.String(), err
}

// writeCaddyfile writes the one that is shipped, on loopback and with the keys of tokens.
// Another build may have its own beside it.
func (b *bench) writeCaddyfile(program, dir string) error {
	shipped, err := os.ReadFile(filepath.Join(filepath.Dir(program), "Caddyfile"))
	if errors.Is(err, fs.ErrNotExist) {
		shipped, err = os.ReadFile(filepath.Join(b.root, "Caddyfile"))
	}
	if err != nil {
		return err
	}
	const place = "\n\t\tidentity {\n"
	if !strings.Contains(string(shipped), place) {
		return errors.New("the Caddyfile has no identity")
	}
	text := strings.Replace(string(shipped), place, place+
		"\t\t\tbearer {\n\t\t\t\tissuer https://id.example.com\n\t\t\t\taudience shop\n\t\t\t\tkeys_file "+b.dir+"/keys.json\n\t\t\t}\n", 1)
	text = strings.Replace(text, "\n{\n", "\n{\n\tdefault_bind 127.0.0.1\n", 1)
	return replace(filepath.Join(dir, "Caddyfile"), text)
}

// await waits until the proxy has a backend's answer.
func (p *proxy) await() error {
	path := "/"
	client := http.Client{Timeout: 5 * time.Second}
	var last error
	for began := time.Now(); time.Since(began) < 2*time.Minute; time.Sleep(50 * time.Millisecond) {
		response, err := client.Get("http://" + p.Listen + path)
		if err != nil {
			last = err
			continue
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusOK || p.Policy != "" && response.StatusCode == http.StatusForbidden {
			return nil
		}
		last = errors.New(response.Status)
	}
	return fmt.Errorf("%s does not answer: %w", p.cmd.Args, last)
}

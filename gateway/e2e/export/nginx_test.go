package export

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ficus/gateway/gatewaytest"
	"ficus/gateway/tools/export"
	"ficus/gateway/tools/export/exporttest"
)

// runNginx checks a configuration with "nginx -t", runs it until the test ends and
// returns its address, host:port. What an installation sets (where it logs and keeps
// files) is added; the port is a free one.
func runNginx(t *testing.T, config string) string {
	t.Helper()
	nginx := gatewaytest.Need(t, "apt-get install nginx-light", "nginx", "/usr/sbin/nginx")
	dir := t.TempDir()
	address := gatewaytest.FreeAddress(t)
	config = strings.ReplaceAll(config, "listen 8080;", "listen "+address+";")
	config = strings.Replace(config, "http {\n", fmt.Sprintf(
		"http {\n access_log off; client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;\n", dir), 1)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	arguments := []string{"-p", dir, "-c", file, "-e", "stderr", "-g", "daemon off; master_process off; pid " + filepath.Join(dir, "pid") + ";"}
	if out, err := exec.Command(nginx, append(arguments, "-t")...).CombinedOutput(); err != nil {
		t.Fatalf("%s\n%s", out, config)
	}
	var log bytes.Buffer
	process := exec.Command(nginx, arguments...)
	process.Stderr = &log
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Signal(syscall.SIGTERM)
		if err := process.Wait(); err != nil {
			t.Errorf("nginx: %v\n%s", err, &log)
		}
	})
	gatewaytest.Await(t, "nginx to listen", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return address
}

// nginx, run with what was exported, sends every request to the owner that the table
// names.
func TestNginxOwners(t *testing.T) {
	backends := newRecorders(t, 24)
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 2))
			set, _ := exporttest.Table(r, exporttest.Kind{Hosts: seed%3 > 0, Conditions: seed%2 > 0})
			set, table := backends.give(t, set)
			result := write(t, export.Nginx, set, table)
			if len(result.Lost) > 0 {
				t.Errorf("lost: %v", result.Lost)
			}
			address := runNginx(t, result.Config)
			defer client.CloseIdleConnections()
			for range 300 {
				q := exporttest.MakeRequest(r, exporttest.Spelling{Dots: true, Slashes: true, Needless: true})
				answer := send(t, address, q)
				if climbs(q.Target) { // as a note of the export says
					if answer.StatusCode != http.StatusBadRequest {
						t.Errorf("%s: nginx answers %s", q, answer.Status)
					}
					continue
				}
				owner := q.Owner(table)
				if got := backendOf(set, answer); got != owner.BackendOf(owner.Sides()[0]) {
					t.Fatalf("%s: nginx asks %s, the table says %s (%s)\n%s", q, got, owner.ID, owner.Pattern, result.Config)
				}
				if got := answer.Header.Get("X-Got"); got != q.Target {
					t.Errorf("%s goes out as %s", q, got)
				}
				if got := answer.Header.Get("X-Got-Host"); got != q.Host {
					t.Errorf("%s goes out to %s", q, got)
				}
			}
		})
	}
}

// climbs reports whether the dots of a path go above its root.
func climbs(target string) bool {
	path, _, _ := strings.Cut(target, "?")
	depth := 0
	for segment := range strings.SplitSeq(path[1:], "/") {
		switch strings.ReplaceAll(strings.ToLower(segment), "%2e", ".") {
		case ".":
		case "..":
			depth--
		default:
			depth++
		}
		if depth < 0 {
			return true
		}
	}
	return false
}

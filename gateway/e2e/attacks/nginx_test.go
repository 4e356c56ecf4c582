package attacks

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ficus/gateway/gatewaytest"
)

// The model of nginx is nginx's own reading.
func TestModelOfNginx(t *testing.T) {
	address := runNginx(t)
	for _, raw := range []string{
		"/admin", "/admin/", "/Admin", "//admin", "/a//b///c", "/./admin", "/a/../admin", "/a/..", "/a/.", "/%2e%2e/admin", "/a/%2e%2e/admin", "/a%2f..%2fadmin",
		"/..%2fadmin", "/a/%2E./admin", "/admin%00", "/admin#x", "/admin%23x", "/admin%3fx", "/admin;x", "/admin%3bx", "/admin.", "/admin%20", `/a\..\admin`, "/a%5c..%5cadmin",
		"/a%252fb", "/%61dmin", "/admin%0a", "/a/.../b", "/a/..;/admin", "/caf\xc3\xa9", "/%c0%af", "/a/b/../../../x", "/a/./b/.././admin", "/.admin", "/a..", "/..a",
	} {
		want, ok := nginx(raw)
		got := ask(t, address, raw)
		switch {
		case !ok && strings.HasPrefix(got, "HTTP/1.1 400 "):
		case ok && strings.HasSuffix(got, "\r\n\r\n"+want):
		default:
			t.Errorf("%q: the model reads %q, %v; nginx answers %q", raw, want, ok, got)
		}
	}
}

func runNginx(t *testing.T) string {
	t.Helper()
	program := gatewaytest.Need(t, "apt-get install nginx-light", "nginx", "/usr/sbin/nginx")
	dir := t.TempDir()
	address := gatewaytest.FreeAddress(t)
	config := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log %[1]s/error.log;
events {}
http {
	access_log off; client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
	server { listen %[2]s; default_type text/plain; location / { return 200 $uri; } }
}
`, dir, address)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-e", filepath.Join(dir, "error.log"), "-c", file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	gatewaytest.Await(t, "nginx to listen", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return address
}

// ask sends a request for a raw path and returns the whole answer.
func ask(t *testing.T, address, raw string, lines ...string) string {
	t.Helper()
	return gatewaytest.Exchange(t, address, "GET "+raw+" HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n"+strings.Join(append(lines, "", ""), "\r\n"), false)
}

func status(answer string) string {
	if fields := strings.Fields(answer); len(fields) > 1 {
		return fields[1]
	}
	return answer
}

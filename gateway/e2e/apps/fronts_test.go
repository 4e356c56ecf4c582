package apps

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"

	"ficus/gateway/gatewaytest"
)

// startFronts runs a gateway in this process by the shipped Caddyfile, with TLS by
// certificates of its own beside cleartext, and HTTP/3. Each backend has a host of its
// own, all the paths of which have moved to it.
func startFronts(t *testing.T, behinds []*behind) (plain, secure string) {
	t.Helper()
	dir := t.TempDir()
	var backends, routes strings.Builder
	for i, b := range behinds {
		fmt.Fprintf(&backends, "  b%d: { %s, identity: { token: \"off\" } }\n", i, b.definition)
		fmt.Fprintf(&routes, "  - { id: r%d, match: %q, backend: b%d, stage: retired }\n", i, b.host+"/", i)
	}
	nobody := gatewaytest.FreeAddress(t)
	write(t, filepath.Join(dir, "routes", "all.yaml"),
		fmt.Sprintf("backends:\n  legacy: { addresses: [\"http://%s\"] }\n%sroutes:\n%s", nobody, &backends, &routes))
	text, err := os.ReadFile(filepath.Join(gatewaytest.Root(t), "Caddyfile"))
	if err != nil {
		t.Fatal(err)
	}
	plain, secure = "http://"+gatewaytest.FreeAddress(t), "https://"+gatewaytest.FreeAddress(t)
	for name, value := range map[string]string{
		"FICUS_ADMIN": gatewaytest.FreeAddress(t), "FICUS_ADDRESS": everyHost(plain) + ", " + everyHost(secure) + ", " + secure, // the last one for its certificate
		"FICUS_CONSOLE": "http://" + gatewaytest.FreeAddress(t),
		"FICUS_ROUTES":  filepath.Join(dir, "routes"), "FICUS_COHORT_KEY": "a key of the tests", "XDG_DATA_HOME": dir, "XDG_CONFIG_HOME": dir,
	} {
		t.Setenv(name, value)
	}
	config := strings.Replace(string(text), "{\n", "{\n\tlog {\n\t\toutput discard\n\t}\n\tpersist_config off\n\tdefault_bind 127.0.0.1\n\tlocal_certs\n\tskip_install_trust\n\tauto_https disable_redirects\n", 1)
	config = strings.Replace(config, "protocols h1 h2 h2c\n", "protocols h1 h2 h2c h3\n", 1)
	adapted, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(config), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := caddy.Load(adapted, true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	})
	return plain, secure
}

// everyHost is the address of a site that answers to any name.
func everyHost(url string) string { return strings.Replace(url, "127.0.0.1", "", 1) }

package keys

import (
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	_ "ficus/modules/handler"
)

// The handler ficus answers whatever it gets: beside it in a site, in whatever order, the
// keys come first.
func TestOrder(t *testing.T) {
	adapter := caddyfile.Adapter{ServerType: httpcaddyfile.ServerType{}}
	for _, site := range []string{"ficus_keys /keys\n\tficus", "ficus\n\tficus_keys /keys"} {
		text, _, err := adapter.Adapt([]byte("http://:8080 {\n\t"+site+"\n}\n"), nil)
		if err != nil {
			t.Fatal(err)
		}
		keys, ficus := strings.Index(string(text), `"ficus_keys"`), strings.Index(string(text), `"ficus"`)
		if keys < 0 || ficus < keys {
			t.Errorf("%s", text)
		}
	}
}

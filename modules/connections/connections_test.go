package connections

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// Statuses is for tests that run Caddy.
var Statuses = statuses

func TestCaddyfile(t *testing.T) {
	for _, tc := range []struct{ name, text, want, problem string }{
		{"nothing", "connections", `{}`, ""},
		{"all", "connections {\n max 500\n max_per_client off\n except 10.0.0.0/8 ::1\n except 192.0.2.1\n}", `{"max":500,"max_per_client":-1,"except":["10.0.0.0/8","::1","192.0.2.1"]}`, ""},
		{"none", "connections {\n max 0\n}", "", `max: "0" is neither a number from 1 to 10000000 nor off`},
		{"twice", "connections {\n max 1\n max 2\n}", "", "max is given twice"},
		{"unknown", "connections {\n burst 1\n}", "", `unknown key "burst" (known: except, max, max_per_client)`},
		{"a value", "connections 5", "", "argument"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var w Wrapper
			err := w.UnmarshalCaddyfile(caddyfile.NewTestDispenser(tc.text))
			got, _ := json.Marshal(w)
			if tc.problem != "" {
				if err == nil || !strings.Contains(err.Error(), tc.problem) {
					t.Errorf("%v", err)
				}
			} else if err != nil || string(got) != tc.want {
				t.Errorf("%s, %v", got, err)
			}
		})
	}
}

// It has to see what the kernel accepts.
func TestOrder(t *testing.T) {
	for names, ok := range map[string]bool{
		"connections tls": true, "connections tls handover": true, "connections proxy_protocol tls handover": true,
		"connections": false, "connections handover": false, "handover connections tls": false,
		"proxy_protocol connections tls": false, "connections tls connections": false,
	} {
		var raw []json.RawMessage
		for _, name := range strings.Fields(names) {
			raw = append(raw, json.RawMessage(fmt.Sprintf(`{"wrapper":%q}`, name)))
		}
		if err := checkOrder(raw); (err == nil) != ok {
			t.Errorf("%s: %v", names, err)
		}
	}
}

func TestBounds(t *testing.T) {
	w := Wrapper{Max: -1, Except: []string{"private_ranges", "192.0.2.7"}}
	b, err := w.read()
	if err != nil || b.All != 0 || b.PerClient != defaultPerClient || len(b.Except) < 3 {
		t.Errorf("%+v, %v", b, err)
	}
	if b, err := (&Wrapper{MaxPerClient: -1}).read(); err != nil || b.All < 200 || b.PerClient != 0 {
		t.Errorf("%+v, %v", b, err)
	}
	if _, err := (&Wrapper{Except: []string{"10.0.0.0/33"}}).read(); err == nil || !strings.Contains(err.Error(), "10.0.0.0/33") {
		t.Errorf("%v", err)
	}
}

package command

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"ficus/modules/adminapi"
)

// waiting is an admin endpoint where an edit waits, or none does.
func waiting(t *testing.T, problems string) (url string, said *adminapi.ConfirmRequest) {
	t.Helper()
	said = new(adminapi.ConfirmRequest)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ficus/problems", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(problems)) })
	mux.HandleFunc("POST /ficus/confirm", func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(said); err != nil {
			t.Error(err)
		}
		if said.Hash != "5f0c3a9e1d2b4c68" {
			w.WriteHeader(http.StatusConflict)
			_, _ = w.Write([]byte(`{"error":"that is not the edit that waits"}`))
			return
		}
		_, _ = w.Write([]byte(`{"revision":"0123456789ab","routes":8}`))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL, said
}

func TestConfirm(t *testing.T) {
	waits, said := waiting(t, `{"removal":{"hash":"5f0c3a9e1d2b4c68","gone":112,"of":120,"routes":["cart-item","cart-read"]}}`)
	nothingWaits, _ := waiting(t, `{"last_reload_ok":true,"problems":[]}`)
	for _, tc := range []struct {
		name, args, admin, stdout, stderr string
		code                              int
	}{
		{"shown", "", waits, `112 of 120 routes would be gone:
  - cart-item
  - cart-read
  and 110 more
Until it is confirmed, the table before serves on. If they are to go:
  ficus routes confirm 5f0c3a9e1d2b4c68
`, "", codeFound},
		{"shown to programs", "--json", waits, `{
  "removal": {
    "hash": "5f0c3a9e1d2b4c68",
    "gone": 112,
    "of": 120,
    "routes": [
      "cart-item",
      "cart-read"
    ]
  }
}
`, "", codeFound},
		{"nothing", "", nothingWaits, "no edit waits for a confirmation\n", "", 0},
		{"nothing, to programs", "--json", nothingWaits, "{\n  \"removal\": null\n}\n", "", 0},
		{"confirmed", "5f0c3a9e1d2b4c68", waits, "confirmed: revision 0123456789ab serves, routes: 8\n", "", 0},
		{"confirmed, to programs", "5f0c3a9e1d2b4c68 --json", waits, "{\n  \"revision\": \"0123456789ab\",\n  \"routes\": 8\n}\n", "", 0},
		{"another", "1111111111111111", waits, "", "routes confirm: that is not the edit that waits\n", codeFailed},
		{"two", "a b", waits, "", "routes confirm: accepts at most 1 arg(s), received 2\n", codeFailed},
		{"nobody there", "", "127.0.0.1:1", "", "is it running?", codeFailed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			*said = adminapi.ConfirmRequest{}
			stdout, stderr, code := run(t, append([]string{"confirm", "--admin", tc.admin}, strings.Fields(tc.args)...)...)
			if code != tc.code || stdout != tc.stdout || !strings.Contains(stderr, tc.stderr) || tc.stderr == "" && stderr != "" {
				t.Errorf("code %d\n%s\n%s", code, stdout, stderr)
			}
			if strings.HasPrefix(tc.name, "confirmed") && said.By != whoAmI() {
				t.Errorf("it was said by %q", said.By)
			}
		})
	}
}

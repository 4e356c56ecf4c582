package issuer

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ficus/gateway/identity"
)

var update = flag.Bool("update", false, "write the golden files")

// The services stand alone, so what passes between the two sides is in files that both
// test against: here they are made, and newservices/internal/token verifies them.
func TestWhatServicesRelyOn(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	key := Key{Seed: bytes.Repeat([]byte{7}, 32), Signs: now.Add(-time.Hour)}
	key.ID = idOf(key.public())
	i := open(t, Config{Store: &shared{keys: []Key{key}}, Now: func() time.Time { return now }})
	defer i.Close()
	token, err := i.Token(&identity.Principal{ID: "ada", Claims: map[string]any{"roles": []any{"admin", "buyer"}, "auth_time": json.Number("1799999000")}},
		identity.Grant{Audience: "orders", Claims: []string{"roles", "auth_time"}})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	i.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	for name, got := range map[string][]byte{"token.txt": []byte(token + "\n"), "jwks.json": append(w.Body.Bytes(), '\n')} {
		path := filepath.Join("../../../newservices/internal/token/testdata", name)
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is other than what services test against (%v):\n%s", name, err, got)
		}
	}
}

package sessions

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// Vectors are what a framework has made: see testdata/README.md.
type Vectors struct {
	Made    int64             `json:"made"`
	Secrets []string          `json:"secrets"`
	Vectors map[string]Vector `json:"vectors"`
}

// A Vector is one session.
type Vector struct {
	Cookies map[string]string `json:"cookies"`
	Values  map[string]any    `json:"values"` // what the application has put in
	Keys    map[string]string `json:"keys"`   // what lies in the store, by name
	Base64  map[string][]byte `json:"base64"` // as Keys
}

// LoadVectors reads the vectors of a framework.
func LoadVectors(t testing.TB, folder string) Vectors {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", folder, "vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v Vectors
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// Get returns a vector that must be there.
func (v Vectors) Get(t testing.TB, name string) Vector {
	t.Helper()
	vector, ok := v.Vectors[name]
	if !ok {
		t.Fatalf("no vector %q", name)
	}
	return vector
}

// Clock returns a clock that stands some time after the vectors were made.
func (v Vectors) Clock(later time.Duration) func() time.Time {
	return func() time.Time { return time.Unix(v.Made, 0).Add(later) }
}

// Stored returns what lies in the store.
func (v Vector) Stored() map[string][]byte {
	all := map[string][]byte{}
	for name, text := range v.Keys {
		all[name] = []byte(text)
	}
	for name, data := range v.Base64 {
		all[name] = data
	}
	return all
}

// Request returns a request with cookies, as a browser sends them.
func Request(cookies map[string]string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	header := "theme=dark"
	for _, name := range sortedNames(cookies) {
		header += "; " + name + "=" + cookies[name]
	}
	r.Header.Set("Cookie", header)
	return r
}

func sortedNames(cookies map[string]string) []string {
	names := make([]string, 0, len(cookies))
	for name := range cookies {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

package explain

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/control"
	"ficus/gateway/split"
	"ficus/gateway/tools/ask"
)

var update = flag.Bool("update", false, "write what is printed now into the golden file")

var now = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

var questions = []struct {
	name string
	key  *split.Key
	ask.Question
}{
	{"no route takes it", nil, ask.Question{URL: "/"}},
	{"the most specific path and method", nil, ask.Question{URL: "/cart/7"}},
	{"more conditions", nil, ask.Question{URL: "/cart/7", Header: http.Header{"X-Beta": {"1"}}}},
	{"another spelling", nil, ask.Question{URL: "/x/../c%61rt/a%2Fb?x=1#top"}},
	{"canary, key unknown", nil, ask.Question{Method: "PUT", URL: "/cart/7", Header: http.Header{"Cookie": {"sid=1"}}}},
	{"canary by cookie", split.NewKey("k"), ask.Question{Method: "PUT", URL: "/cart/7", Header: http.Header{"Cookie": {"sid=1"}}}},
	{"canary by claim", split.NewKey("k"), ask.Question{Method: "PUT", URL: "/cart/7", Claims: map[string]string{"sub": "u1"}}},
	{"canary, nobody", split.NewKey("k"), ask.Question{Method: "PUT", URL: "/cart/7"}},
	{"exact host", nil, ask.Question{URL: "https://SHOP.example.com:8443/files/a/b"}},
	{"wildcard host", nil, ask.Question{URL: "http://www.example.com?q=1"}},
	{"the rest of a path", nil, ask.Question{URL: "/files/a%20b/c/"}},
	{"a field that moved", nil, ask.Question{Method: "POST", URL: "/graphql", Body: `{"query":"{search(q:\"tea\"){id}}"}`}},
	{"fields of two routes", nil, ask.Question{Method: "POST", URL: "/graphql", Body: `{"query":"{search{id} suggest}"}`}},
	{"a batch", nil, ask.Question{Method: "POST", URL: "/graphql", Body: `[{"query":"{search{id}}"}]`}},
	{"a body that the gateway does not look into", nil, ask.Question{Method: "POST", URL: "/graphql",
		Header: http.Header{"Content-Encoding": {"gzip"}}, Body: `{"query":"{search{id}}"}`}},
	{"a rewrite", nil, ask.Question{URL: "/shop/orders/a%2Fb?debug=1&x=%zz;", Header: http.Header{"X-Debug": {"1"}}}},
	{"a shadow", nil, ask.Question{URL: "/reviews/7"}},
	{"a shadow, and what is not copied", nil, ask.Question{Method: "POST", URL: "/reviews/7"}},
	{"all of resilience", nil, ask.Question{URL: "/pay/7"}},
	{"what may not be sent twice", nil, ask.Question{Method: "POST", URL: "/pay/7"}},
	{"what may, by its key", nil, ask.Question{Method: "POST", URL: "/pay/7", Header: http.Header{"Idempotency-Key": {"k"}}}},
	{"gRPC", nil, ask.Question{Method: "POST", URL: "/pay/7", Header: http.Header{"Idempotency-Key": {"k"}, "Content-Type": {"application/grpc+proto"}}}},
	{"an upgrade", nil, ask.Question{URL: "/pay/7", Header: http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}}},
	{"fallback off", nil, ask.Question{URL: "/plain/7"}},
	{"answers that fall back whatever they changed", nil, ask.Question{Method: "POST", URL: "/plain/7/unsafe"}},
	{"a persisted query", nil, ask.Question{Method: "POST", URL: "/graphql",
		Body: `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"h1"}}}`}},
}

func TestExplain(t *testing.T) {
	v := control.Check(os.DirFS("testdata/routes"), "routes", os.LookupEnv, now)
	if v.Table == nil {
		t.Fatal(v.Problems.Text())
	}
	var text, asJSON bytes.Buffer
	for _, q := range questions {
		a, err := Explain(v.Table, &q.Question, Gateway{Key: q.key}, now)
		if err != nil {
			t.Fatalf("%s: %v", q.name, err)
		}
		text.WriteString("# " + q.name + "\n")
		if err := a.Print(&text); err != nil {
			t.Fatal(err)
		}
		text.WriteString("\n")
		if err := json.NewEncoder(&asJSON).Encode(a); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "answers.txt", text.Bytes())
	golden(t, "answers.jsonl", asJSON.Bytes())
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("%s (-want +got)\n%s", path, diff)
	}
}

func TestQuestionsThatAreNone(t *testing.T) {
	v := control.Check(os.DirFS("testdata/routes"), "routes", os.LookupEnv, now)
	for _, tc := range []struct {
		q    ask.Question
		want string
	}{
		{ask.Question{URL: "cart"}, "is no URL"},
		{ask.Question{URL: "ftp://x/y"}, "is no URL"},
		{ask.Question{URL: "/a b"}, "holds a space"},
		{ask.Question{URL: "/a\r\nX: y"}, "control character"},
		{ask.Question{URL: "/a%zz"}, "a server would refuse it"},
		{ask.Question{URL: "/a", Method: "GE T"}, "is no method"},
		{ask.Question{URL: "/a", Header: http.Header{"A": {"b\r\nc: d"}}}, "is no header"},
		{ask.Question{URL: "/a", Method: "CONNECT"}, "the gateway refuses it with 400"},
	} {
		if _, err := Explain(v.Table, &tc.q, Gateway{}, now); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v: got %v, want %q", tc.q, err, tc.want)
		}
	}
}

package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"ficus/gateway/route"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func canary(weight float64, sources ...route.Source) route.Definition {
	return route.Definition{
		ID: "cart", Match: "/cart",
		Settings: route.Settings{Backend: "other", Stage: route.StageCanary, Weight: weight, Cohort: sources},
	}
}

func at(id, match string, stage route.Stage) route.Definition {
	return route.Definition{ID: id, Match: match, Settings: route.Settings{Backend: "other", Stage: stage}}
}

var bySession = route.Source{Kind: route.FromCookie, Name: "sid"}

func TestStageDecidesTheSide(t *testing.T) {
	legacy, other := newBackend(t, "legacy", nil), newBackend(t, "new", nil)
	g := newGateway(t, legacy, other,
		at("a", "/a", route.StageLegacy),
		at("b", "/b", route.StageNew),
		canary(100),
	)
	for path, want := range map[string]string{"/a": "legacy", "/b": "new", "/cart": "new", "/": "legacy"} {
		if _, body := g.get(t, path); body != want {
			t.Errorf("%s went to %s, want %s", path, body, want)
		}
	}
}

// 10,000 clients at weight 10, then 25: the shares hold, and no client that was on
// new is taken back.
func TestRaisingTheWeightTakesNobodyBack(t *testing.T) {
	legacy, other := newBackend(t, "legacy", nil), newBackend(t, "new", nil)
	g := newGateway(t, legacy, other, canary(10, bySession))
	const clients = 10_000
	serve := func(client int) route.Side {
		r := httptest.NewRequest("GET", "/cart", nil)
		r.RequestURI = "/cart"
		r.AddCookie(&http.Cookie{Name: "sid", Value: fmt.Sprintf("session-%d", client)})
		x := &Exchange{}
		w := httptest.NewRecorder()
		if err := g.Serve(w, r, Client{}, x); err != nil {
			t.Fatal(err)
		}
		if w.Body.String() != x.Side.String() {
			t.Fatalf("client %d: %s answered, recorded %s", client, w.Body, x.Side)
		}
		return x.Side
	}
	share := func() (onNew map[int]bool) {
		onNew = map[int]bool{}
		for client := range clients {
			if serve(client) == route.New {
				onNew[client] = true
			}
		}
		return onNew
	}
	at10 := share()
	g.publish(t, legacy, other, canary(25, bySession))
	at25 := share()
	if n := len(at10); n < 900 || n > 1100 {
		t.Errorf("at weight 10 %d of %d clients are on new", n, clients)
	}
	if n := len(at25); n < 2350 || n > 2650 {
		t.Errorf("at weight 25 %d of %d clients are on new", n, clients)
	}
	t.Logf("weight 10: %.2f %%, weight 25: %.2f %%", float64(len(at10))/100, float64(len(at25))/100)
	for client := range at10 {
		if !at25[client] {
			t.Fatalf("client %d went back to legacy", client)
		}
	}
}

func TestClientWithoutPrincipalGoesToLegacy(t *testing.T) {
	legacy, other := newBackend(t, "legacy", nil), newBackend(t, "new", nil)
	g := newGateway(t, legacy, other, canary(100, bySession))
	if _, body := g.get(t, "/cart"); body != "legacy" {
		t.Errorf("no cookie: went to %s", body)
	}
	if _, body := g.get(t, "/cart", "Cookie: sid=1"); body != "new" {
		t.Errorf("with cookie: went to %s", body)
	}
}

func TestRequestsAreRecorded(t *testing.T) {
	legacy := newBackend(t, "", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(418) })
	g := newGateway(t, legacy, legacy, canary(0))
	g.get(t, "/cart")
	g.get(t, "/elsewhere")
	<-g.last
	<-g.last
	want := `# HELP ficus_requests_total Requests answered, by route, the side that served, method and status code.
# TYPE ficus_requests_total counter
ficus_requests_total{code="418",method="GET",route="cart",side="legacy"} 1
ficus_requests_total{code="418",method="GET",route="default",side="legacy"} 1
`
	if err := testutil.GatherAndCompare(g.registry, strings.NewReader(want), "ficus_requests_total"); err != nil {
		t.Error(err)
	}
	if n, _ := testutil.GatherAndCount(g.registry, "ficus_request_duration_seconds"); n != 2 {
		t.Errorf("%d duration series, want 2", n)
	}
	g.publish(t, legacy, legacy) // the route cart is gone, and its series with it
	if n, _ := testutil.GatherAndCount(g.registry, "ficus_requests_total"); n != 1 {
		t.Errorf("%d series after the route was removed, want 1", n)
	}
}

func TestMetricLabelsAreBounded(t *testing.T) {
	legacy, _ := rawBackend(t, "HTTP/1.1 777 Lucky\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	g := newGateway(t, legacy, legacy)
	g.exchange(t, "BREW1 / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	<-g.last
	g.exchange(t, "BREW2 / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	<-g.last
	want := `# HELP ficus_requests_total Requests answered, by route, the side that served, method and status code.
# TYPE ficus_requests_total counter
ficus_requests_total{code="other",method="other",route="default",side="legacy"} 2
`
	if err := testutil.GatherAndCompare(g.registry, strings.NewReader(want), "ficus_requests_total"); err != nil {
		t.Error(err)
	}
}

func TestBackendThatIsDownIs502(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := "http://" + listener.Addr().String()
	listener.Close()
	g := newGateway(t, dead, dead)
	answer := g.exchange(t, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	if !strings.HasPrefix(answer, "HTTP/1.1 502 ") || !strings.Contains(answer, "\r\nDate: ") {
		t.Errorf("got %q: want a 502 with the date that an answer of the gateway's own has", answer)
	}
	if x := <-g.last; x.Status != 502 {
		t.Errorf("recorded %d", x.Status)
	}
}

func TestClientThatHangsUpIs499(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	legacy := newBackend(t, "", func(http.ResponseWriter, *http.Request) {
		close(arrived)
		<-release
	})
	defer close(release)
	g := newGateway(t, legacy, legacy)
	ctx, hangUp := context.WithCancel(context.Background())
	r, _ := http.NewRequestWithContext(ctx, "GET", g.server.URL, nil)
	go func() {
		<-arrived
		hangUp()
	}()
	if _, err := http.DefaultClient.Do(r); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if x := <-g.last; x.Status != 499 {
		t.Errorf("recorded %d", x.Status)
	}
}

func TestWithoutTableIs503(t *testing.T) {
	g := newGateway(t, "http://127.0.0.1:1", "http://127.0.0.1:1")
	g.Close()
	if status, _ := g.get(t, "/"); status != 503 {
		t.Errorf("got %d", status)
	}
}

// A request ends on the table that it began with.
func TestRequestKeepsItsTable(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	old := newBackend(t, "", func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		_, _ = io.WriteString(w, "old")
	})
	g := newGateway(t, old, old)
	answer := make(chan string)
	go func() {
		_, body := g.get(t, "/")
		answer <- body
	}()
	<-arrived
	fresh := newBackend(t, "fresh", nil)
	g.publish(t, fresh, fresh)
	if _, body := g.get(t, "/"); body != "fresh" {
		t.Errorf("after the change: %s", body)
	}
	close(release)
	if body := <-answer; body != "old" {
		t.Errorf("the request in flight: %s", body)
	}
}

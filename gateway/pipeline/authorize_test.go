package pipeline

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"ficus/gateway/authz"
	"ficus/gateway/identity"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

const shopPolicies = `package shop

decision := {"allow": true} if input.method == "GET"
decision := {"allow": false, "status": 401, "reason": "top secret", "headers": {"WWW-Authenticate": "Bearer"}} if input.method == "PUT"
`

func policies(t *testing.T) *authz.Set {
	t.Helper()
	set, problems := authz.Compile(context.Background(), []authz.File{
		{Name: "policies/shop.rego", Data: []byte(shopPolicies)},
		{Name: "policies/admin.rego", Data: []byte("package admin\nallow if input.principal.claims.role == \"admin\"\n")},
		{Name: "policies/own.rego", Data: []byte("package own\nallow if input.params.user == input.principal.id\n")},
		{Name: "policies/body.rego", Data: []byte("package body\nallow if not large\nlarge if input.body.amount > 100\n")},
		{Name: "policies/side.rego", Data: []byte("package side\nallow if {\n\tinput.route.side == \"new\"\n\tinput.headers[\"x-tenant\"] == [\"a\"]\n\tinput.segments == [\"side\", \"x\"]\n}\n")},
	})
	if problems.HasErrors() {
		t.Fatal(problems.Text())
	}
	return set
}

func guarded(id, match, policy string) route.Definition {
	return route.Definition{ID: id, Match: match, Settings: route.Settings{Backend: "other", Stage: route.StageNew, Policy: policy}}
}

// newGuarded serves routes that policies guard.
func newGuarded(t *testing.T, routes ...route.Definition) *testGateway {
	t.Helper()
	g := newGateway(t, newBackend(t, "legacy", nil), newBackend(t, "new", nil))
	g.policies = policies(t)
	g.publish(t, newBackend(t, "legacy", nil), newBackend(t, "new", nil), routes...)
	return g
}

func (g *testGateway) send(t *testing.T, method, path, body string, header ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequest(method, g.server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range header {
		if name, value, ok := strings.Cut(line, ": "); ok {
			r.Header.Add(name, value)
		}
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return answer
}

func TestAuthorize(t *testing.T) {
	body := guarded("body", "POST /body", "body")
	body.PolicyInput = route.PolicyInput{Body: route.BodyJSON, MaxBody: 20}
	side := guarded("side", "/side/{x}", "side")
	side.PolicyInput.Headers = []string{"X-Tenant"}
	g := newGuarded(t, guarded("shop", "/shop", "shop"), guarded("admin", "/admin", "admin"), guarded("free", "/free", route.PolicyPublic),
		guarded("own", "/users/{user}", "own"), body, side)
	g.UseIdentity(&identity.Gate{Sources: []identity.Named{{Name: "test", Source: byHeader{}}}})
	for _, tc := range []struct {
		method, path, body string
		header             string
		want               int
		cause              authz.Cause
	}{
		{"GET", "/shop", "", "", 200, authz.Allowed},
		{"PUT", "/shop", "", "", 401, authz.Denied},
		{"POST", "/shop", "", "", 403, authz.Undefined},
		{"GET", "/admin", "", "", 403, authz.Undefined},
		{"GET", "/admin", "", "X-Test: u1 customer", 403, authz.Undefined},
		{"GET", "/admin", "", "X-Test: u1 admin", 200, authz.Allowed},
		{"GET", "/free", "", "", 200, ""},
		{"GET", "/elsewhere", "", "", 200, ""},
		{"GET", "/users/u1", "", "X-Test: u1 customer", 200, authz.Allowed},
		{"GET", "/users/u2", "", "X-Test: u1 customer", 403, authz.Undefined},
		{"POST", "/body", `{"amount": 7}`, "", 200, authz.Allowed},
		{"POST", "/body", `{"amount": 700}`, "", 403, authz.Undefined},
		{"POST", "/body", "", "", 200, authz.Allowed},
		{"POST", "/body", `{"amount": 7, "x": 1}`, "", 403, authz.Unseen},
		{"POST", "/body", `{"amount": `, "", 403, authz.Unseen},
		{"GET", "/side/x", "", "X-Tenant: a", 200, authz.Allowed},
		{"GET", "/side/x", "", "X-Tenant: b", 403, authz.Undefined},
	} {
		answer := g.send(t, tc.method, tc.path, tc.body, tc.header)
		x := <-g.last
		cause := authz.Cause("")
		if x.Decision != nil {
			cause = x.Decision.Cause
		}
		if answer.StatusCode != tc.want || cause != tc.cause {
			t.Errorf("%s %s %s %s: %d by %q, want %d by %q", tc.method, tc.path, tc.body, tc.header, answer.StatusCode, cause, tc.want, tc.cause)
		}
	}
	answer := g.send(t, "PUT", "/shop", "")
	if got := answer.Header.Get("WWW-Authenticate"); got != "Bearer" {
		t.Errorf("WWW-Authenticate: %q", got)
	}
	if text, _ := io.ReadAll(answer.Body); strings.Contains(string(text), "secret") {
		t.Errorf("the client reads why: %s", text)
	}
}

// byHeader is a source of tests: "X-Test: ID ROLE".
type byHeader struct{}

func (byHeader) Identify(_ context.Context, r *http.Request) (*identity.Principal, error) {
	id, role, ok := strings.Cut(r.Header.Get("X-Test"), " ")
	if !ok {
		return nil, nil
	}
	return &identity.Principal{ID: id, Source: "test", Claims: map[string]any{"role": role}}, nil
}

// Without policies what they would guard is refused, and the rest served.
func TestWithoutPolicies(t *testing.T) {
	g := newGuarded(t, guarded("shop", "/shop", "shop"), guarded("free", "/free", route.PolicyPublic))
	if problems := g.Publish(g.Table(), nil); problems.HasErrors() {
		t.Fatal(problems)
	}
	if status, _ := g.get(t, "/shop"); status != 503 {
		t.Errorf("guarded: %d, want 503", status)
	}
	if status, _ := g.get(t, "/free"); status != 200 {
		t.Errorf("public: %d", status)
	}
}

// A policy that observes refuses nobody, and is counted beside the backend's answer.
func TestObserve(t *testing.T) {
	g := newGuarded(t)
	observed := guarded("seen", "/seen/{status}", "admin")
	observed.Mode = route.Observe
	answers := newBackend(t, "", func(w http.ResponseWriter, r *http.Request) {
		var status int
		_, _ = fmt.Sscan(r.URL.Path[len("/seen/"):], &status)
		w.WriteHeader(status)
	})
	g.publish(t, answers, answers, observed)
	g.UseIdentity(&identity.Gate{Sources: []identity.Named{{Name: "test", Source: byHeader{}}}})
	for _, tc := range []struct {
		path, header string
		want         int
	}{
		{"/seen/200", "X-Test: u1 admin", 200}, {"/seen/200", "X-Test: u1 customer", 200},
		{"/seen/403", "X-Test: u1 customer", 403}, {"/seen/401", "", 401}, {"/seen/403", "X-Test: u1 admin", 403},
	} {
		if answer := g.send(t, "GET", tc.path, "", tc.header); answer.StatusCode != tc.want {
			t.Errorf("%s: %d", tc.path, answer.StatusCode)
		}
		<-g.last
	}
	want := `# HELP ficus_policy_parity_total Requests that a policy only observed, by what it decided and what the backend answered: allowed or denied (401, 403).
# TYPE ficus_policy_parity_total counter
ficus_policy_parity_total{backend="allowed",policy="allowed",route="seen"} 1
ficus_policy_parity_total{backend="allowed",policy="denied",route="seen"} 1
ficus_policy_parity_total{backend="denied",policy="allowed",route="seen"} 1
ficus_policy_parity_total{backend="denied",policy="denied",route="seen"} 2
`
	if err := testutil.GatherAndCompare(g.registry, strings.NewReader(want), "ficus_policy_parity_total"); err != nil {
		t.Error(err)
	}
	if len(g.events) != 5 || !g.events[0].Observed || g.events[0].Policy != "admin" {
		t.Errorf("events %+v", g.events)
	}
	// The policy reads nothing of the path; who reads what was decided may.
	if in := g.events[0].Input; in.Path != "/seen/200" || !slices.Equal(in.Segments, []string{"seen", "200"}) || in.Params["status"] != "200" {
		t.Errorf("the event's input is %+v", in)
	}
}

// While policies and tables are swapped a thousand times, each request gets the answer of
// one policy or the other, and none an error.
func TestPoliciesAreSwappedUnderLoad(t *testing.T) {
	g := newGuarded(t, guarded("own", "/users/{user}", "own"))
	g.UseIdentity(&identity.Gate{Sources: []identity.Named{{Name: "test", Source: byHeader{}}}})
	table := g.Table()
	sets := []*authz.Set{policies(t), policies(t)}
	done := make(chan struct{})
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				path, want := "/users/u1", 200
				if n%2 == 1 {
					path, want = "/users/u2", 403
				}
				answer := g.send(t, "GET", path, "", "X-Test: u1 customer")
				_, _ = io.Copy(io.Discard, answer.Body)
				<-g.last
				if answer.StatusCode != want {
					t.Errorf("%s: %d, want %d", path, answer.StatusCode, want)
					return
				}
			}
		})
	}
	for i := range 1000 {
		if problems := g.Publish(table, sets[i%2]); problems.HasErrors() {
			t.Fatal(problems)
		}
	}
	close(done)
	clients.Wait()
}

// The new side is told who asks in its token and headers, legacy is not; whatever clients
// send there, in whatever spelling, reaches nobody.
func TestBackendsAreToldWhoAsks(t *testing.T) {
	seen := make(chan http.Header, 1)
	record := func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header.Clone() }
	legacy, other := newBackend(t, "", record), newBackend(t, "", record)
	g := newGateway(t, legacy, other)
	cart := guarded("cart", "/cart", route.PolicyPublic)
	cart.Claims = []string{"role"}
	table, problems := routetable.Compile(route.Set{
		Backends: []route.Backend{
			{Name: "legacy", Addresses: []string{legacy}},
			{Name: "other", Addresses: []string{other}, Identity: route.Told{Headers: map[string]string{"X-User": "sub", "X-Role": "role"}}},
		},
		Routes: []route.Definition{cart},
	}, routetable.Options{})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	if problems := g.Publish(table, nil); problems.HasErrors() {
		t.Fatal(problems)
	}
	g.UseIdentity(&identity.Gate{Sources: []identity.Named{{Name: "test", Source: byHeader{}}}})
	forged := []string{"Ficus-Identity: forged", "ficus_identity: forged", "FICUS-IDENTITY: forged", "X-User: root", "x_user: root", "X.User: root", "X-Role: root",
		"Connection: x-user, Ficus-Identity"}
	for _, tc := range []struct {
		path, who         string
		token, user, role string
	}{
		{"/cart", "u1 customer", "u1 for other [role] map[]", "u1", "customer"},
		{"/cart", "", "", "", ""},
		{"/elsewhere", "u1 customer", "", "", ""},
	} {
		g.send(t, "GET", tc.path, "", append(forged, "X-Test: "+tc.who)...)
		got := <-seen
		if got.Get("Ficus-Identity") != tc.token || got.Get("X-User") != tc.user || got.Get("X-Role") != tc.role {
			t.Errorf("%s as %q: the backend got %v", tc.path, tc.who, got)
		}
		for name, values := range got {
			for _, value := range values {
				if value == "forged" || value == "root" {
					t.Errorf("%s: %s: %s came through", tc.path, name, value)
				}
			}
		}
	}
}

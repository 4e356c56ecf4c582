package split

import (
	"fmt"
	"net/http"
	"testing"

	"pgregory.net/rapid"

	"ficus/gateway/route"
)

var testKey = Key{1, 2, 3}

func TestShareOfClients(t *testing.T) {
	const clients = 10_000
	for _, tc := range []struct {
		weight    int
		share     float64
		tolerance float64
	}{
		{0, 0, 0}, {1000, 10, 1}, {2500, 25, 1.5}, {5000, 50, 1.5}, {10_000, 100, 0},
	} {
		moved := 0
		for i := range clients {
			if Choose(testKey.Cohort("cart", fmt.Sprintf("session-%d", i)), tc.weight) == route.New {
				moved++
			}
		}
		if got := 100 * float64(moved) / clients; got < tc.share-tc.tolerance || got > tc.share+tc.tolerance {
			t.Errorf("weight %d: %.2f %% of clients are on new, want %.0f ± %.1f", tc.weight, got, tc.share, tc.tolerance)
		}
	}
}

// A client that is on new at a weight is there at every higher one.
func TestMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cohort := testKey.Cohort(rapid.String().Draw(t, "group"), rapid.String().Draw(t, "principal"))
		low := rapid.IntRange(0, Cohorts).Draw(t, "low")
		high := rapid.IntRange(low, Cohorts).Draw(t, "high")
		if Choose(cohort, low) == route.New && Choose(cohort, high) == route.Legacy {
			t.Fatalf("cohort %d: new at %d, legacy at %d", cohort, low, high)
		}
	})
}

func TestGroupsAreIndependent(t *testing.T) {
	const clients = 10_000
	both := 0
	for i := range clients {
		id := fmt.Sprint(i)
		if testKey.Cohort("cart", id) < 5000 && testKey.Cohort("catalog", id) < 5000 {
			both++
		}
	}
	if both < 2300 || both > 2700 {
		t.Errorf("%d of %d clients are in the lower half of two groups, want about 2,500", both, clients)
	}
}

func TestGroupAndPrincipalDoNotRunTogether(t *testing.T) {
	same := 0
	for i := range 100 {
		if testKey.Cohort("a", fmt.Sprintf("b%d", i)) == testKey.Cohort("ab", fmt.Sprint(i)) {
			same++
		}
	}
	if same > 2 {
		t.Errorf("%d of 100 pairs that read alike share a cohort", same)
	}
}

func TestPrincipal(t *testing.T) {
	cookie, header, ip := route.Source{Kind: route.FromCookie, Name: "sid"},
		route.Source{Kind: route.FromHeader, Name: "X-Client"}, route.Source{Kind: route.FromClientIP}
	claim := route.Source{Kind: route.FromClaim, Name: "sub"}
	for _, tc := range []struct {
		name    string
		sources []route.Source
		header  http.Header
		want    string
		from    route.Source
		ok      bool
	}{
		{"first wins", []route.Source{cookie, header}, http.Header{"Cookie": {"sid=s1"}, "X-Client": {"c1"}}, "s1", cookie, true},
		{"absent is passed over", []route.Source{cookie, header}, http.Header{"X-Client": {"c1"}}, "c1", header, true},
		{"empty is passed over", []route.Source{cookie, ip}, http.Header{"Cookie": {"sid="}}, "192.0.2.1", ip, true},
		{"claim", []route.Source{{Kind: route.FromClaim, Name: "role"}, claim, ip}, http.Header{}, "u1", claim, true},
		{"none", []route.Source{cookie, header}, http.Header{}, "", route.Source{}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, from, ok := Principal(tc.sources, &http.Request{Header: tc.header}, "192.0.2.1", map[string]string{"sub": "u1"})
			if got != tc.want || from != tc.from || ok != tc.ok {
				t.Errorf("got %q from %v, %v", got, from, ok)
			}
		})
	}
}

func BenchmarkCohort(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		testKey.Cohort("cart", "0123456789abcdef0123456789abcdef0123456789abcdef")
	}
}

package split

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/route"
)

var forceNow = time.Unix(1_800_000_000, 0)

func TestForceTokens(t *testing.T) {
	good := testKey.SignForce(route.New, "cart", forceNow.Add(time.Hour))
	other := Key{1}
	for _, tc := range []struct {
		name, token string
		now         time.Time
		want        error
	}{
		{"good", good, forceNow, nil},
		{"any group", testKey.SignForce(route.New, AnyGroup, forceNow.Add(time.Second)), forceNow, nil},
		{"at its end", good, forceNow.Add(time.Hour), ErrForceExpired},
		{"another group", testKey.SignForce(route.New, "catalog", forceNow.Add(time.Hour)), forceNow, ErrForceSignature},
		{"another key", other.SignForce(route.New, "cart", forceNow.Add(time.Hour)), forceNow, ErrForceSignature},
		{"another side", "legacy" + good[len("new"):], forceNow, ErrForceSignature},
		{"later", "new.9" + good[len("new."):], forceNow, ErrForceSignature},
		{"shorter signature", good[:len(good)-2], forceNow, ErrForceSignature},
		{"no signature", "new.1900000000.", forceNow, ErrForceSignature},
		{"other word", "both" + good[len("new"):], forceNow, ErrForceMalformed},
		{"empty", "", forceNow, ErrForceMalformed},
		{"dots", "..", forceNow, ErrForceMalformed},
		{"padded", good + "=", forceNow, ErrForceMalformed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			side, err := testKey.CheckForce(tc.token, "cart", tc.now)
			if !errors.Is(err, tc.want) || err == nil && side != route.New {
				t.Errorf("got %v, %v; want %v", side, err, tc.want)
			}
		})
	}
}

func TestForced(t *testing.T) {
	toNew := testKey.SignForce(route.New, "cart", forceNow.Add(time.Hour))
	toLegacy := testKey.SignForce(route.Legacy, "cart", forceNow.Add(time.Hour))
	for _, tc := range []struct {
		name   string
		header http.Header
		want   route.Side
		ok     bool
	}{
		{"nothing", http.Header{}, route.Legacy, false},
		{"header", http.Header{ForceHeader: {toNew}}, route.New, true},
		{"cookie", http.Header{"Cookie": {"a=b; ficus_side=" + toNew}}, route.New, true},
		{"header before cookie", http.Header{ForceHeader: {toLegacy}, "Cookie": {"ficus_side=" + toNew}}, route.Legacy, true},
		{"the first good one", http.Header{ForceHeader: {"nonsense, " + toNew + "," + toLegacy}}, route.New, true},
		{"other cookie", http.Header{"Cookie": {"xficus_side=" + toNew}}, route.Legacy, false},
		{"a flood", http.Header{ForceHeader: {",,,,,,,," + toNew}}, route.Legacy, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if side, ok := testKey.Forced(tc.header, "cart", forceNow); side != tc.want || ok != tc.ok {
				t.Errorf("got %v, %v", side, ok)
			}
		})
	}
}

func TestStripForce(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"none", "a=b;  c=d ;", "a=b;  c=d ;"},
		{"only", "ficus_side=x", ""},
		{"first", "ficus_side=x; a=b", "a=b"},
		{"middle", "a=b; ficus_side=x; c=ficus_side", "a=b; c=ficus_side"},
		{"last", "a=b;ficus_side=x", "a=b"},
		{"twice", "ficus_side=x; a=b; ficus_side=y", "a=b"},
		{"without value", "a=b; ficus_side", "a=b"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			header := http.Header{"Cookie": {tc.in}, ForceHeader: {"x"}, "Accept": {"*/*"}}
			before := header["Cookie"]
			StripForce(header)
			want := http.Header{"Cookie": {tc.want}, "Accept": {"*/*"}}
			if tc.want == "" {
				delete(want, "Cookie")
			}
			if diff := cmp.Diff(want, header); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if before[0] != tc.in {
				t.Error("the client's own header was written to")
			}
		})
	}
}

func FuzzForce(f *testing.F) {
	f.Add(testKey.SignForce(route.New, "cart", forceNow.Add(time.Hour)), "a=b; ficus_side=x")
	f.Fuzz(func(t *testing.T, token, cookie string) {
		if _, err := testKey.CheckForce(token, "cart", forceNow); err == nil {
			side, _ := testKey.CheckForce(token, "cart", forceNow)
			known := false
			for s := forceNow.Unix(); s <= forceNow.Add(time.Hour).Unix(); s++ {
				known = known || token == testKey.SignForce(side, "cart", time.Unix(s, 0))
			}
			if !known {
				t.Errorf("forged: %q", token)
			}
		}
		header := http.Header{"Cookie": {cookie}}
		StripForce(header)
		if tokens := forceTokens(header); len(tokens) > 0 {
			t.Errorf("%q leaves %q", cookie, tokens)
		}
	})
}

package authz

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// rich is a policy that says all that a decision can hold.
const rich = `package rich
decision := {"allow": input.params.a == "x", "reason": input.params.a, "claims": {"list": [input.host, {"a": 1}]},
	"headers": {"X": "y"}, "obligations": {"mask": ["path"]}}
`

func TestKeptDecisionExpires(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name    string
		expires time.Time
		after   time.Duration
		kept    bool
	}{
		{"at once", time.Time{}, 0, true},
		{"soon", time.Time{}, keepFor - 1, true},
		{"late", time.Time{}, keepFor, false},
		{"credential lives", start.Add(time.Hour), keepFor - 1, true},
		{"credential expires", start.Add(2 * time.Second), 2*time.Second - 1, true},
		{"credential expired", start.Add(2 * time.Second), 2 * time.Second, false},
		{"credential was expired", start, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			now := start
			set := load(t, map[string]string{"orders.rego": shop})
			set.now = func() time.Time { return now }
			in := &Input{Method: "GET", Params: map[string]string{"owner": "u1"}, Principal: as(map[string]any{"sub": "u1"})}
			in.Principal.Expires = tc.expires
			if d := set.Decide(context.Background(), "shop.orders", in); !d.Allow {
				t.Fatalf("got %+v", d)
			}
			set.policies["shop.orders"].question = load(t, map[string]string{"orders.rego": "package shop.orders\nallow := false\n"}).policies["shop.orders"].question
			now = now.Add(tc.after)
			if d := set.Decide(context.Background(), "shop.orders", in); d.Allow != tc.kept {
				t.Errorf("got %+v", d)
			}
		})
	}
}

// What went wrong is not kept, nor what depends on the clock.
func TestNotKept(t *testing.T) {
	set := load(t, map[string]string{
		"conflict.rego": "package conflict\nallow := true if input.method == \"GET\"\nallow := false if input.path == \"/\"\n",
		"odd.rego":      "package odd\nallow := input.path\n",
		"clock.rego":    "package clock\nallow if time.now_ns() < 2000000000\n",
	})
	now := time.Unix(1, 0)
	set.now = func() time.Time { return now }
	in := &Input{Method: "GET", Path: "/"}
	for name, want := range map[string]Cause{"conflict": Failed, "odd": WrongType, "clock": Allowed} {
		if d := set.Decide(context.Background(), name, in); d.Cause != want {
			t.Errorf("%s: got %+v", name, d)
		}
	}
	if n := set.kept.size(); n != 0 {
		t.Errorf("%d decisions were kept", n)
	}
	now = time.Unix(3, 0)
	if d := set.Decide(context.Background(), "clock", in); d.Allow {
		t.Errorf("the clock stood still: %+v", d)
	}
}

// Who is given a decision may change it, and changes none of another's.
func TestKeptDecisionIsImmutable(t *testing.T) {
	set := load(t, map[string]string{"rich.rego": rich})
	ask := func() Decision {
		return set.Decide(context.Background(), "rich", &Input{Host: "h", Params: map[string]string{"a": "z"}})
	}
	want := load(t, map[string]string{"rich.rego": rich}).Decide(context.Background(), "rich", &Input{Host: "h", Params: map[string]string{"a": "z"}})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				d := ask()
				d.Headers["X"] = "changed"
				list := d.Claims["list"].([]any)
				list[1].(map[string]any)["a"] = "changed"
				list[0] = "changed"
				d.Claims["more"] = true
				delete(d.Obligations, "mask")
			}
		})
	}
	group.Wait()
	if diff := cmp.Diff(want, ask(), sameDecision); diff != "" {
		t.Error(diff)
	}
	if set.kept.size() != 1 {
		t.Error("nothing was kept, so nothing was tested")
	}
}

// Many more than there is room for: about as many are kept as may be, and of those the last ones.
func TestKeptIsBounded(t *testing.T) {
	k, start := newKept(), time.Unix(0, 0)
	for i := range 3 * maxKept {
		k.put(fmt.Append(nil, i), Decision{Allow: true, Cause: Allowed}, start.Add(time.Duration(i)), time.Time{})
	}
	if n := k.size(); n > maxKept || n < maxKept*9/10 {
		t.Errorf("%d decisions are kept", n)
	}
	found := 0
	for i := range maxKept / 2 {
		if _, ok := k.get(fmt.Append(nil, 3*maxKept-1-i), start); ok {
			found++
		}
	}
	if found < maxKept/2*8/10 {
		t.Errorf("of the last %d, %d are kept", maxKept/2, found)
	}
}

// Keys that share their places are not taken for each other.
func TestKeptIsFoundByItsKey(t *testing.T) {
	k, now := newKept(), time.Unix(0, 0)
	for i := range 4 * maxKept {
		k.put(fmt.Append(nil, i), Decision{Cause: Denied, Status: i}, now, time.Time{})
	}
	found := 0
	for i := range 4 * maxKept {
		if d, ok := k.get(fmt.Append(nil, i), now); ok {
			found++
			if d.Status != i {
				t.Fatalf("%d is %+v", i, d)
			}
		}
	}
	if found == 0 || found > maxKept {
		t.Errorf("%d are kept", found)
	}
}

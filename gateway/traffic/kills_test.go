package traffic

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/route"
)

var noon = time.Date(2027, 1, 2, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, dir string) *Kills {
	t.Helper()
	k, err := New(KillsIn(dir))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func kill(t *testing.T, k *Kills, one Kill) {
	t.Helper()
	if err := k.Kill(one); err != nil {
		t.Fatal(err)
	}
}

func TestOf(t *testing.T) {
	k := open(t, t.TempDir())
	if k.Of("cart", route.StageNew) != nil || (*Kills)(nil).Of("cart", route.StageNew) != nil {
		t.Error("killed before anyone did")
	}
	kill(t, k, Kill{Route: "cart", Since: noon})
	if k.Of("cart", route.StageNew) == nil || k.Of("list", route.StageNew) != nil {
		t.Error("not the one that was named")
	}
	kill(t, k, Kill{Route: AllRoutes, Reason: "all", Since: noon.Add(1)})
	if got := k.Of("list", route.StageCanary); got == nil || got.Reason != "all" {
		t.Errorf("of all: %+v", got)
	}
	if k.Of("list", route.StageRetired) != nil {
		t.Error("a retired route is killed by all")
	}
	if k.Of("cart", route.StageRetired) == nil {
		t.Error("a route that was named is free since it retired")
	}
	if was, err := k.Unkill(AllRoutes); !was || err != nil || k.Of("list", route.StageNew) != nil || k.Of("cart", route.StageNew) == nil {
		t.Errorf("all are free, and cart is not: %v, %v, %+v", was, err, k.List())
	}
	if was, _ := k.Unkill(AllRoutes); was {
		t.Error("twice")
	}
}

func TestSurvivesARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	k := open(t, dir)
	kill(t, k, Kill{Route: "list", Reason: `wrong "totals"`, By: "ann", Since: noon.Add(time.Hour)})
	kill(t, k, Kill{Route: "cart", Since: noon})
	kill(t, k, Kill{Route: "cart", Reason: "why", Since: noon.Add(time.Minute)}) // since is the first one's
	want := []Kill{{Route: "cart", Reason: "why", Since: noon}, {Route: "list", Reason: `wrong "totals"`, By: "ann", Since: noon.Add(time.Hour)}}
	if diff := cmp.Diff(want, open(t, dir).List()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestFileThatIsNone(t *testing.T) {
	dir := t.TempDir()
	path := string(KillsIn(dir))
	for _, text := range []string{"{", `{"kills":[]}`, `[{"route":"a","whatever":1}]`, ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := New(KillsIn(dir))
		if err == nil || !strings.Contains(err.Error(), path) || len(k.List()) != 0 {
			t.Errorf("%q: %v, %v", text, k.List(), err)
		}
		kill(t, k, Kill{Route: "a", Since: noon})
		if len(open(t, dir).List()) != 1 {
			t.Error("not kept afterwards")
		}
	}
}

func TestWhatIsTooLong(t *testing.T) {
	k := open(t, t.TempDir())
	for _, text := range []string{strings.Repeat("x", maxText+1), "\xff", "two\nlines", "\x1b[31mred"} {
		if err := k.Kill(Kill{Route: "a", Reason: text}); err == nil {
			t.Errorf("reason %q was taken", text)
		}
		if err := k.Kill(Kill{Route: "a", By: text}); err == nil {
			t.Errorf("name %q was taken", text)
		}
	}
	if len(k.List()) != 0 {
		t.Error("killed nevertheless")
	}
}

func TestBound(t *testing.T) {
	k, _ := New(JSONFile(""))
	full := map[string]Kill{}
	for i := range maxKills {
		full[strings.Repeat("x", i)] = Kill{}
	}
	k.current.Store(&full)
	if err := k.Kill(Kill{Route: "another"}); err == nil {
		t.Error("no bound")
	}
}

type brokenFile struct{ JSONFile }

func (brokenFile) Write([]Kill) error { return errors.New("disk full") }

func TestTakesEffectThoughNotKept(t *testing.T) {
	k, _ := New(brokenFile{})
	if err := k.Kill(Kill{Route: "a"}); !errors.Is(err, ErrNotKept) || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("got %v", err)
	}
	if k.Of("a", route.StageNew) == nil {
		t.Error("no effect")
	}
}

func TestConcurrently(t *testing.T) {
	k := open(t, t.TempDir())
	var all sync.WaitGroup
	for _, id := range []string{"a", "b", "c", "d"} {
		all.Go(func() {
			for range 20 {
				if err := k.Kill(Kill{Route: id, Since: noon}); err != nil {
					t.Error(err)
				}
				k.Of("a", route.StageNew)
				if was, err := k.Unkill(id); !was || err != nil {
					t.Error(was, err)
				}
			}
		})
	}
	all.Wait()
	if len(k.List()) != 0 {
		t.Errorf("left: %v", k.List())
	}
}

func BenchmarkOf(b *testing.B) {
	k, _ := New(JSONFile(""))
	b.ReportAllocs()
	for b.Loop() {
		k.Of("cart", route.StageNew)
	}
}

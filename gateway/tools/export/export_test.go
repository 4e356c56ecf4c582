package export

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/control"
)

var update = flag.Bool("update", false, "write what is exported now into the golden files")

const shipped = "../../../routes"

func verdict(t *testing.T, folder string) control.Verdict {
	t.Helper()
	v := control.Check(os.DirFS(folder), filepath.Base(folder), func(string) (string, bool) { return "", false }, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
	if v.Table == nil {
		t.Fatal(v.Problems.Text())
	}
	return v
}

// The shipped routes, and a folder that uses everything, as each target's configuration.
func TestGolden(t *testing.T) {
	for name, folder := range map[string]string{"shipped": shipped, "everything": "testdata/everything"} {
		v := verdict(t, folder)
		for _, target := range Targets {
			result, err := Write(target, v.Set, v.Table)
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", "golden", name+"."+string(target))
			if *update {
				if err := os.WriteFile(golden, []byte(result.Config), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(result.Config, "\n")); diff != "" {
				t.Errorf("%s (-want +got)\n%s", golden, diff)
			}
		}
	}
}

// Of the shipped routes only the policies are lost, and what asks for GraphQL fields.
func TestShippedLosses(t *testing.T) {
	v := verdict(t, shipped)
	for _, target := range Targets {
		result, err := Write(target, v.Set, v.Table)
		if err != nil {
			t.Fatal(err)
		}
		policies := 0
		for _, lost := range result.Lost {
			switch {
			case lost.Code == "policy":
				policies++
			case lost.Code != "graphql" || lost.Route != "catalog-graphql":
				t.Errorf("%s: lost: %v", target, lost)
			}
		}
		if guarded := len(v.Table.Entries) - 2; policies != guarded || len(result.Lost) != guarded+1 { // all but the default entry and the one of GraphQL
			t.Errorf("%s: %d policies of %d are lost: %v", target, policies, guarded, result.Lost)
		}
	}
}

func TestUnknownTarget(t *testing.T) {
	v := verdict(t, "testdata/everything")
	_, err := Write("apache", v.Set, v.Table)
	if err == nil || !strings.Contains(err.Error(), "caddy, nginx, gateway-api, eskip") {
		t.Errorf("the error does not name the targets: %v", err)
	}
}

// Programs read losses as a list, also where there are none.
func TestResultAsJSON(t *testing.T) {
	v := verdict(t, "testdata/whole")
	result, err := Write(Nginx, v.Set, v.Table)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(result)
	if err != nil || !strings.Contains(string(text), `"lost":[]`) {
		t.Errorf("%v: %s", err, text)
	}
}

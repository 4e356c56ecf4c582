package telemetry

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every label either has words or comes from table and configuration.
func TestLabelsAreFromClosedSets(t *testing.T) {
	open := []string{"route", "group", "owner", "backend", "address", "source", "revision", "code", "listener"}
	for _, d := range New().Catalogue() {
		for _, label := range d.Labels {
			if d.Words[label] == nil && !slices.Contains(open, label) {
				t.Errorf("%s: what can %s be?", d.Name, label)
			}
		}
		for label := range d.Words {
			if !slices.Contains(d.Labels, label) {
				t.Errorf("%s has no label %s", d.Name, label)
			}
		}
	}
}

func TestWordsAreOfAMetric(t *testing.T) {
	catalogue := New().Catalogue()
	for metric, labels := range words {
		i := slices.IndexFunc(catalogue, func(d Description) bool { return d.Name == metric })
		for label := range labels {
			if i < 0 || !slices.Contains(catalogue[i].Labels, label) {
				t.Errorf("there is no %s with a label %s", metric, label)
			}
		}
	}
}

// Words of other packages are theirs, all of them.
func TestWordsOfOthers(t *testing.T) {
	for _, tc := range []struct {
		metric, label, folder, name string
		more                        []string
	}{
		{"ficus_shadow_total", "result", "parity", "Kind", nil},
		{"ficus_shadow_dropped_total", "reason", "shadow", "Reason", nil},
		{"ficus_graphql_unmatched_total", "reason", "graphql", "Refusal", []string{"mixed"}},
		{"ficus_policy_decisions_total", "cause", "authz", "Cause", nil},
	} {
		want := append(constants(t, "../"+tc.folder, tc.name), tc.more...)
		got := slices.Clone(words[tc.metric][tc.label])
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s by %s (-%s.%s +catalogue)\n%s", tc.metric, tc.label, tc.folder, tc.name, diff)
		}
	}
}

// constants returns the constants of a type of texts.
func constants(t *testing.T, folder, typeName string) (values []string) {
	t.Helper()
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), folder+"/"+f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			named, _ := spec.Type.(*ast.Ident)
			literal, isText := spec.Values[0].(*ast.BasicLit)
			if named != nil && named.Name == typeName && isText {
				value, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				values = append(values, value)
			}
			return true
		})
	}
	return values
}

func TestUnits(t *testing.T) {
	for name, want := range map[string]string{
		"ficus_request_duration_seconds":        "seconds",
		"ficus_request_body_bytes_total":        "bytes",
		"ficus_route_weight_ratio":              "ratio",
		"ficus_route_expires_timestamp_seconds": "timestamp_seconds",
		"ficus_requests_total":                  "",
	} {
		if got := unitOf(name); got != want {
			t.Errorf("%s: unit %q, want %q", name, got, want)
		}
	}
}

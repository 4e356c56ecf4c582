package parity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"ficus/gateway/route"
)

// values draws a JSON value as encoding/json has it.
func values(depth int) *rapid.Generator[any] {
	scalar := rapid.OneOf(
		rapid.Just[any](nil), rapid.Map(rapid.Bool(), toAny), rapid.Map(rapid.SampledFrom([]string{"", "a", "~", "/", "*", "é"}), toAny),
		rapid.Map(rapid.Int64(), func(n int64) any { return json.Number(fmt.Sprint(n)) }),
	)
	if depth == 0 {
		return scalar
	}
	keys := rapid.SampledFrom([]string{"", "a", "b", "*", "~0", "a/b", "0"})
	return rapid.OneOf(scalar,
		rapid.Map(rapid.SliceOfN(values(depth-1), 0, 3), func(l []any) any { return l }),
		rapid.Map(rapid.MapOfN(keys, values(depth-1), 0, 3), func(m map[string]any) any { return m }))
}

func toAny[T any](v T) any { return v }

// However a value is written, it is the same one; and comparing is symmetric.
func TestValuesAreComparedHoweverTheyAreWritten(t *testing.T) {
	rules := Compile(route.Shadow{})
	rapid.Check(t, func(t *rapid.T) {
		a, b := values(3).Draw(t, "a"), values(3).Draw(t, "b")
		if d, ok := rules.compareJSON(write(t, a, false), write(t, a, true)); !ok || d.Kind != Match {
			t.Fatalf("a value differs from itself: %v, %v", d, ok)
		}
		there, _ := rules.compareJSON(write(t, a, false), write(t, b, true))
		back, _ := rules.compareJSON(write(t, b, true), write(t, a, false))
		equal := bytes.Equal(write(t, a, false), write(t, b, false)) // keys sorted, integers only
		if there.Kind != back.Kind || (there.Kind == Match) != equal {
			t.Fatalf("there %v, back %v, equal %v", there, back, equal)
		}
	})
}

// write writes a value, plainly or another way.
func write(t *rapid.T, v any, another bool) []byte {
	var b bytes.Buffer
	to := json.NewEncoder(&b)
	if another {
		to.SetIndent(" ", "\t")
		to.SetEscapeHTML(false)
	}
	if err := to.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The tree of places finds what comparing key by key finds.
func TestPlacesAgainstNaive(t *testing.T) {
	key := rapid.SampledFrom([]string{"a", "b", "*", "0", "~0", "~1", ""})
	path := rapid.SliceOfN(key, 1, 4)
	rapid.Check(t, func(t *rapid.T) {
		var pointers []string
		for _, keys := range rapid.SliceOfN(path, 0, 5).Draw(t, "pointers") {
			pointers = append(pointers, "/"+strings.Join(keys, "/"))
		}
		checkPlaces(t, pointers, path.Draw(t, "place"))
	})
}

func FuzzPlaces(f *testing.F) {
	f.Add("/a/*/b\n/a/b", "a/x/b")
	f.Add("/a~1b/~01", "a~1b/~01")
	f.Fuzz(func(t *testing.T, lines, place string) {
		if lines == "" || place == "" || len(lines)+len(place) > 1000 {
			t.Skip()
		}
		var pointers []string
		for line := range strings.SplitSeq(lines, "\n") {
			pointers = append(pointers, "/"+strings.TrimPrefix(line, "/"))
		}
		checkPlaces(t, pointers, strings.Split(place, "/"))
	})
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkPlaces asks for a place and all above it; keys are as they stand in a body.
func checkPlaces(t failer, pointers, place []string) {
	t.Helper()
	at := compilePlaces(pointers)
	for i := range place {
		var ends bool
		at, ends = at.under(place[i])
		want := slices.ContainsFunc(pointers, func(p string) bool { return naive(p, place[:i+1]) })
		if ends != want {
			t.Fatalf("%q among %q: %v, want %v", place[:i+1], pointers, ends, want)
		}
	}
}

func naive(pointer string, place []string) bool {
	keys := strings.Split(pointer, "/")[1:]
	return slices.EqualFunc(keys, place, func(key, have string) bool {
		key = strings.ReplaceAll(strings.ReplaceAll(key, "~1", "/"), "~0", "~")
		return key == "*" || key == have
	})
}

// Numbers are what math/big makes of them.
func TestNumbersAgainstBig(t *testing.T) {
	text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,3})(\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		x, okX := new(big.Rat).SetString(a)
		y, okY := new(big.Rat).SetString(b)
		if !okX || !okY {
			t.Fatalf("math/big reads neither %s nor %s", a, b)
		}
		if got, want := sameNumber(a, b), x.Cmp(y) == 0; got != want {
			t.Fatalf("%s and %s: %v", a, b, got)
		}
	})
}

// Whatever bodies hold: nothing panics, equality is symmetric, and what is taken for JSON
// is valid JSON, with no value lost on the way.
func FuzzCompare(f *testing.F) {
	for _, pair := range [][2]string{
		{`{"a":[1,2,{"b":null}]}`, `{"a":[1,2.0,{"b":null}]}`}, {`[`, `]`}, {`{"a":1,"a":2}`, `{"a":2}`},
		{"\"\\ud800\"", "\"\\ud801\""}, {`1e999999999999999999`, `1`}, {`{"x":}`, `[1,]`}, {``, `null`},
	} {
		f.Add(pair[0], pair[1], "/a/*")
	}
	f.Fuzz(func(t *testing.T, a, b, ignore string) {
		rules := Compile(route.Shadow{Ignore: []string{"/" + strings.TrimPrefix(ignore, "/")}})
		there, ok := rules.compareJSON([]byte(a), []byte(b))
		back, okBack := rules.compareJSON([]byte(b), []byte(a))
		if there.Kind != back.Kind || ok != okBack {
			t.Fatalf("there %v %v, back %v %v", there, ok, back, okBack)
		}
		if ok && (!json.Valid([]byte(a)) || !json.Valid([]byte(b))) {
			t.Fatal("what is no JSON was compared as such")
		}
		if !utf8.ValidString(there.Where) || len(there.Where) > maxWhere+len("…") {
			t.Fatalf("the place is %q", there.Where)
		}
		if itself, ok := rules.compareJSON([]byte(a), []byte(a)); ok && itself.Kind != Match {
			t.Fatalf("a body differs from itself: %v", itself)
		}
	})
}

package strictjson

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestObject(t *testing.T) {
	deep := func(n int) string {
		return `{"a":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + `}`
	}
	for _, tc := range []struct{ text, err string }{
		{`{}`, ""},
		{` {"a":1,"A":2,"b":{"a":[1,{"a":null}]}} `, ""},
		{`{"a":"\"{[[[[[[[[[[[[[[[[[[[["}`, ""},
		{deep(MaxDepth), ""},
		{deep(MaxDepth + 1), "deep"},
		{strings.Repeat(`{"a":`, 100_000), "deep"},
		{`{"a":1,"a":1}`, "twice"},
		{`{"a":1,"\u0061":2}`, "twice"},
		{`{"b":[{"a":1,"a":1}]}`, "twice"},
		{`{"a":1}{"a":2}`, "no JSON"},
		{`{"a":1,}`, "no JSON"},
		{`{"a":01}`, "no JSON"},
		{`{"a":NaN}`, "no JSON"},
		{``, "no JSON"},
		{`[]`, "object"},
		{`"a"`, "object"},
		{`null`, "object"},
		{"{\"a\":\"\xff\"}", "UTF-8"},
		{"\ufeff{}", "no JSON"},
	} {
		o, err := Object([]byte(tc.text))
		if (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) || (err == nil) != (o != nil) {
			t.Errorf("%.60q: %v, %v; want an error with %q", tc.text, o, err, tc.err)
		}
	}
}

func TestNumbersKeepTheirDigits(t *testing.T) {
	o, err := Object([]byte(`{"id":12345678901234567890}`))
	if err != nil || o["id"] != json.Number("12345678901234567890") {
		t.Errorf("%v, %v", o, err)
	}
}

// What is accepted, encoding/json reads the same way.
func FuzzObject(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":[1,{"b":"\u00e9"}],"c":null}`, `{"a":1,"a":2}`, `[`, `{"a":"\ud800"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := Object(text)
		if err != nil {
			return
		}
		d := json.NewDecoder(strings.NewReader(string(text)))
		d.UseNumber()
		var want map[string]any
		if err := d.Decode(&want); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v, want %v, %v", got, want, err)
		}
	})
}

package shadow

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ficus/gateway/route"
	"ficus/gateway/split"
)

func TestMarked(t *testing.T) {
	b := newBench(t, route.ShadowLimit{}, nil)
	defer b.Close()
	now := time.Unix(1_800_000_000, 0)
	b.Now = func() time.Time { return now }
	good := b.mark.sign(now.Add(time.Minute))
	tests := map[string]struct {
		lines []string
		want  bool
	}{
		"none":         {nil, false},
		"good":         {[]string{good}, true},
		"twice":        {[]string{good, good}, false},
		"expired":      {[]string{b.mark.sign(now)}, false},
		"too long":     {[]string{b.mark.sign(now.Add(maxMark + time.Second))}, false},
		"another key":  {[]string{newMarker(split.NewKey("other")).sign(now.Add(time.Minute))}, false},
		"another time": {[]string{strings.Replace(good, "18", "19", 1)}, false},
		"half a mac":   {[]string{good[:len(good)-8]}, false},
		"empty":        {[]string{""}, false},
		"a list":       {[]string{good + ", " + good}, false},
		"flood":        {[]string{strings.Repeat("1", 1<<20)}, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			h := http.Header{}
			if tc.lines != nil {
				h[MarkHeader] = tc.lines
			}
			if got := b.Marked(h) != nil; got != tc.want {
				t.Errorf("%v", got)
			}
		})
	}
	var none *Copier
	if none.Marked(http.Header{MarkHeader: {good}}) != nil {
		t.Error("a gateway without copies knows a mark")
	}
}

// No text is a mark that was not signed.
func TestNoOtherMarkCounts(t *testing.T) {
	m, now := newMarker(split.NewKey("k")), time.Unix(1_800_000_000, 0)
	good := m.sign(now.Add(time.Minute))
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, len(good)-1).Draw(t, "at")
		with := rapid.SampledFrom([]string{"", "0", "A", "-", ".", " ", "=", "\x00"}).Draw(t, "with")
		forged := good[:at] + with + good[at+1:]
		if forged != good && m.valid(forged, now) {
			t.Fatalf("%q counts beside %q", forged, good)
		}
	})
}

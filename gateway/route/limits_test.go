package route

import (
	"testing"
	"time"
)

func TestRate(t *testing.T) {
	for text, want := range map[string]Rate{
		"10/s": {10, time.Second}, "300/m": {300, time.Minute}, "1000000/h": {1_000_000, time.Hour},
		"": {}, "10": {}, "0/s": {}, "-1/s": {}, "+1/s": {}, "1.5/s": {}, "10/d": {}, "1000001/s": {}, "10/s ": {},
	} {
		var r Rate
		if err := r.UnmarshalText([]byte(text)); r != want || (err == nil) != (want != Rate{}) {
			t.Errorf("%q: %+v, %v", text, r, err)
		}
		if err := r.UnmarshalText([]byte(r.String())); !want.IsZero() && (err != nil || r != want) {
			t.Errorf("%q does not come back: %+v, %v", text, r, err)
		}
	}
	if got := (Rate{300, time.Minute}).PerSecond(); got != 5 {
		t.Errorf("300/m is %v/s", got)
	}
}

func TestFaultInWords(t *testing.T) {
	for want, f := range map[string]Fault{
		"a delay of 300ms for 100 % of the requests to new": {Delay: 300 * time.Millisecond},
		"a delay of 1s and the answer 503 for 2.5 % of the requests to legacy with A: *, B: 1": {
			Side: FaultyLegacy, Delay: time.Second, Abort: 503, Share: 2.5, Header: map[string]Wanted{"B": "1", "A": "*"},
		},
		"a broken connection for 100 % of the requests to new": {Reset: On},
	} {
		if got := f.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

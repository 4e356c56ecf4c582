package pipeline

import (
	"net/http"
	"strings"
	"testing"
)

func TestUpgradesToH2C(t *testing.T) {
	for asked, want := range map[string]string{
		"": "", "h2c": "", "H2C": "", " h2c ": "", "h2c/14": "", "h2c, h2c": "", "h2c,": "",
		"websocket": "websocket", "websocket, h2c": "websocket", "h2c,websocket": "websocket", "h2c-like": "h2c-like", "a/1, h2c, b": "a/1, b",
	} {
		h := http.Header{"Connection": {"Upgrade"}, "Http2-Settings": {"AAMA"}}
		if asked != "" {
			h["Upgrade"] = []string{asked}
		}
		withoutH2C(h)
		got := strings.Join(h["Upgrade"], "|")
		if got != want || asked != "" && (h.Get("Connection") == "Upgrade") != (want != "") || asked != "" && h.Get("Http2-Settings") != "" {
			t.Errorf("%q: %v, want %q", asked, h, want)
		}
	}
	h := http.Header{"Upgrade": {"websocket", "h2c"}}
	if withoutH2C(h); strings.Join(h["Upgrade"], "|") != "websocket" {
		t.Errorf("two fields: %v", h)
	}
}

func TestHeaderLimit(t *testing.T) {
	var l headerLimit
	many := http.Header{"A": make([]string, 60), "B": make([]string, 41)}
	if l.exceeded(many) {
		t.Error("no limit, and it is exceeded")
	}
	l.most.Store(DefaultMaxHeaders)
	if !l.exceeded(many) {
		t.Error("101 fields pass")
	}
	many["B"] = many["B"][1:]
	if l.exceeded(many) {
		t.Error("100 fields do not pass")
	}
}

func TestEndsConnection(t *testing.T) {
	for _, tc := range []struct {
		major, minor int
		codings      []string
		want         bool
	}{{1, 1, nil, false}, {1, 0, nil, true}, {1, 1, []string{"chunked"}, true}, {2, 0, nil, false}, {3, 0, nil, false}} {
		if got := EndsConnection(&http.Request{ProtoMajor: tc.major, ProtoMinor: tc.minor, TransferEncoding: tc.codings}); got != tc.want {
			t.Errorf("%+v: %v", tc, got)
		}
	}
}

package pipeline

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"ficus/gateway/route"
)

const hints = "HTTP/1.1 103 Early Hints\r\nLink: </new.css>\r\n\r\n"

// What the new side tells before its answer reaches the client only with that answer.
func TestEarlyHintsOfTheSideThatAnswers(t *testing.T) {
	for _, tt := range []struct {
		name, method, answer string
		hints                bool
		status               string
	}{
		{"an answer", "GET", "200 OK", true, "200"},
		{"a failure", "GET", "503 Service Unavailable", false, "200"},
		{"a failure that stays", "POST", "503 Service Unavailable", true, "503"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			other, _ := rawBackend(t, hints+"HTTP/1.1 "+tt.answer+"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			g := newGateway(t, newBackend(t, "legacy", nil), other)
			g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{other}}, route.Settings{Stage: route.StageNew})
			answer := g.exchange(t, tt.method+" / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			if got := strings.Contains(answer, "103 Early Hints"); got != tt.hints || !strings.Contains(answer, "HTTP/1.1 "+tt.status) {
				t.Errorf("got %q", answer)
			}
			if strings.Count(answer, "new.css") != btoi(tt.hints) {
				t.Errorf("the hint's header is elsewhere: %q", answer)
			}
		})
	}
}

// A backend that never comes to its answer is not listened to for ever.
func TestFloodOfEarlyHints(t *testing.T) {
	other, _ := rawBackend(t, strings.Repeat(hints, 10_000))
	g := newGateway(t, newBackend(t, "legacy", nil), other)
	g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{other}}, route.Settings{Stage: route.StageRetired})
	if answer := g.exchange(t, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"); !strings.Contains(answer, "HTTP/1.1 502") || strings.Count(answer, "103 Early Hints") > 100 {
		t.Errorf("got %d bytes", len(answer))
	}
}

const upgraded = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

// An upgrade falls back before anything left, and where it was refused; never after that.
func TestUpgradesFallBack(t *testing.T) {
	for _, tt := range []struct {
		name, other string // "" for nobody there
		want        string
	}{
		{"refused connection", "", "HTTP/1.1 101 "},
		{"503", "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 101 "},
		{"no answer", " ", "HTTP/1.1 502 "},
		{"403", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 403 "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			legacy, _ := rawBackend(t, upgraded+"from legacy")
			address := deadAddress(t)
			if tt.other != "" {
				address, _ = rawBackend(t, strings.TrimPrefix(tt.other, " "))
			}
			g := newGateway(t, legacy, address)
			g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{address}}, route.Settings{Stage: route.StageNew, Resilience: route.Resilience{Retry: route.Retry{Wait: time.Millisecond}}})
			answer := g.exchange(t, "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n")
			if !strings.HasPrefix(answer, tt.want) || strings.Contains(tt.want, "101") != strings.HasSuffix(answer, "from legacy") {
				t.Errorf("got %q", answer)
			}
		})
	}
}

// gRPC falls back before anything left, and is told in its own words what happened later.
func TestGRPCIsNeverReplayed(t *testing.T) {
	for _, tt := range []struct{ name, other, want string }{
		{"refused connection", "", "200 legacy"},
		{"reset", resetAtEnd, "200 14"},
		{"503", "503", "503 other"},
		{"too late", silent, "200 14"},
		{"fine", "200", "200 other"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			other := newTroubled(t, tt.other)
			address := other.url
			if tt.other == "" {
				address = deadAddress(t)
			}
			g := newGateway(t, newBackend(t, "legacy", nil), address)
			settings := route.Settings{Stage: route.StageNew, Resilience: route.Resilience{Idempotent: route.On}}
			if tt.other == silent {
				settings.TryTimeout = brief
			}
			g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{address}}, settings)
			status, said := g.ask(t, "POST", 10, "Content-Type: application/grpc")
			x := g.lastExchange(t)
			if said == "" {
				said = "14"
			}
			if got := strings.Join([]string{strconv.Itoa(status), said}, " "); got != tt.want || x.Tries() > 1 && tt.other != "" {
				t.Errorf("got %q in %d tries, want %q", got, x.Tries(), tt.want)
			}
		})
	}
}

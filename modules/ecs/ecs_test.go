package ecs

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

var update = flag.Bool("update", false, "write the golden lines anew")

const secret = "s3cr3t"

// request is a request as Caddy logs it.
func request(target string, secure bool) zap.Field {
	r := httptest.NewRequest("GET", target, nil)
	r.RemoteAddr = "10.0.0.1:41234"
	r.Header = http.Header{
		"User-Agent": {"curl/8"}, "Referer": {"https://jane:" + secret + "@shop.example/in?next=/&code=" + secret + "#" + secret},
		"Authorization": {"Bearer " + secret}, "Cookie": {"shop_session=" + secret}, "X-" + secret: {"1"}, "Content-Type": {"text/plain"},
	}
	if secure {
		r.TLS = &tls.ConnectionState{ServerName: "shop.example", NegotiatedProtocol: "h2"}
	}
	vars := map[string]any{caddyhttp.ClientIPVarKey: "192.0.2.1"}
	r = r.WithContext(context.WithValue(r.Context(), caddyhttp.VarsCtxKey, vars))
	return zap.Object("request", caddyhttp.LoggableHTTPRequest{Request: r, ShouldLogCredentials: true})
}

func answer(status int, more ...zap.Field) []zap.Field {
	return append([]zap.Field{
		zap.Int("bytes_read", 5), zap.String("user_id", ""), zap.Duration("duration", 1500*time.Microsecond), zap.Int("size", 1024), zap.Int("status", status),
		zap.Object("resp_headers", caddyhttp.LoggableHTTPHeader{Header: http.Header{"Content-Type": {"application/json"}, "Set-Cookie": {"a=" + secret}}, ShouldLogCredentials: true}),
	}, more...)
}

func TestGolden(t *testing.T) {
	at := time.Date(2026, 3, 1, 13, 14, 15, 16_000_000, time.FixedZone("", 3600))
	about := zap.Dict("ficus",
		zap.String("route", "cart"), zap.String("side", "legacy"), zap.String("backend", "legacy"), zap.String("stage", "canary"),
		zap.String("clock", "file"), zap.String("chosen", "new"), zap.String("fallback", "timeout"), zap.Int("tries", 2), zap.Int("cohort", 7),
		zap.String("principal", "0123456789abcdef"), zap.Float64("overhead_ms", .25),
		zap.String("trace_id", "0af7651916cd43dd8448eb211c80319c"), zap.String("request_id", "req-7"))
	for name, tc := range map[string]struct {
		entry  zapcore.Entry
		fields []zap.Field
	}{
		"access": {
			zapcore.Entry{Level: zapcore.InfoLevel, LoggerName: "http.log.access", Message: "handled request"},
			append(answer(200, about), request("/cart/7?page=2&access_token="+secret+"&x=%2F", true)),
		},
		"absolute": {
			zapcore.Entry{Level: zapcore.ErrorLevel, LoggerName: "http.log.access", Message: "handled request"},
			append(answer(502), request("http://jane:"+secret+"@shop.example:8080?sid="+secret, false)),
		},
		"error": {
			zapcore.Entry{Level: zapcore.ErrorLevel, LoggerName: "http.log.error", Message: "dial tcp: refused", Stack: "main.main()"},
			[]zap.Field{request("/", false), zap.Int("status", 502), zap.String("err_id", "x1")},
		},
		"message": {
			zapcore.Entry{Level: zapcore.WarnLevel, LoggerName: "ficus", Message: "route table rejected"},
			[]zap.Field{
				zap.String("serving", "the table before"), zap.Int("problems", 2), zap.Duration("took", time.Second), zap.Error(errors.New("no <such> folder")),
				zap.Strings("routes", []string{"a", "b"}), zap.Dict("of.what", zap.Bool("deep", true)), zap.Time("since", at),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tc.entry.Time = at
			line, err := newEncoder().EncodeEntry(tc.entry, tc.fields)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(line.String(), secret) || strings.Count(line.String(), "\n") != 1 {
				t.Errorf("a secret, or not one line: %s", line)
			}
			var pretty bytes.Buffer
			if err := json.Indent(&pretty, line.Bytes(), "", "  "); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(path, pretty.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), pretty.String()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func newEncoder(redact ...string) *Encoder {
	e := Encoder{}.CaddyModule().New().(*Encoder)
	e.Redact = redact
	return e
}

func TestRedactQuery(t *testing.T) {
	for query, want := range map[string]string{
		"a=1&b=2":                      "a=1&b=2",
		"Token=x":                      "Token=REDACTED",
		"a=1&api-key=x;b=2":            "a=1&api-key=REDACTED;b=2",
		"%74oken=x&y":                  "%74oken=REDACTED&y",
		"author=x&keyword=y&statement": "author=x&keyword=y&statement",
		"code":                         "code",
		"card=4242&&=":                 "card=REDACTED&&=",
		"token=a=b&token":              "token=REDACTED&token",
		"":                             "",
	} {
		if got := newEncoder("Card").redactQuery(query); got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
}

// What a client sends bounds neither a line nor makes it unreadable.
func FuzzRequest(f *testing.F) {
	f.Add("/a?b=c", "x")
	f.Add("http://u@h/?token=x#y", "\xff\n")
	f.Fuzz(func(t *testing.T, uri, agent string) {
		fields := append(answer(200), zap.Any("request", map[string]any{
			"uri": uri, "host": uri, "method": "GET", "proto": "HTTP/1.1", "headers": map[string]any{"User-Agent": []any{agent}, "Referer": []any{uri}},
		}))
		line, err := newEncoder().EncodeEntry(zapcore.Entry{}, fields)
		if err != nil || !json.Valid(line.Bytes()) || bytes.Count(line.Bytes(), []byte("\n")) != 1 {
			t.Errorf("%v: %s", err, line)
		}
		if line.Len() > 64<<10 {
			t.Errorf("%d bytes", line.Len())
		}
	})
}

// Fields that a logger was given beforehand are its own.
func TestClone(t *testing.T) {
	first := newEncoder("card")
	second := first.Clone()
	second.AddString("a", "1")
	line, err := second.EncodeEntry(zapcore.Entry{}, nil)
	if err != nil || !strings.Contains(line.String(), `"labels":{"a":"1"}`) || len(first.Fields) != 0 {
		t.Errorf("%s, %v, %v", line, err, first.Fields)
	}
}

func TestCaddyfile(t *testing.T) {
	for text, want := range map[string]string{"ecs": "", "ecs {\n redact a b\n redact c\n}": "a b c"} {
		e := newEncoder()
		if err := e.UnmarshalCaddyfile(caddyfile.NewTestDispenser(text)); err != nil || strings.Join(e.Redact, " ") != want {
			t.Errorf("%s: %v, %v", text, e.Redact, err)
		}
	}
	for _, text := range []string{"ecs x", "ecs {\n redact\n}", "ecs {\n hide x\n}"} {
		if err := newEncoder().UnmarshalCaddyfile(caddyfile.NewTestDispenser(text)); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	e, fields := newEncoder(), append(answer(200), request("/cart/7?page=2&access_token=x", true))
	b.ReportAllocs()
	for b.Loop() {
		line, err := e.EncodeEntry(zapcore.Entry{}, fields)
		if err != nil {
			b.Fatal(err)
		}
		line.Free()
	}
}

package line

import (
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

func TestLines(t *testing.T) {
	at := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	request := zap.Dict("request", zap.String("method", "GET"), zap.String("uri", "/api/products?q=tea"))
	ficus := zap.Dict("ficus", zap.String("route", "catalog-list"), zap.String("side", "new"), zap.String("backend", "catalog"),
		zap.Int("cohort", 7), zap.String("cohort_from", "client_ip"))
	for _, tc := range []struct {
		name   string
		entry  zapcore.Entry
		fields []zapcore.Field
		color  bool
		want   string
	}{
		{
			"request", zapcore.Entry{Message: "handled request"},
			[]zapcore.Field{request, ficus, zap.Int("status", 200), zap.Duration("duration", 3140*time.Microsecond)}, false,
			"15:04:05  GET    /api/products?q=tea                      200     3.1ms  catalog-list: new (catalog)  cohort 7 by client_ip\n",
		},
		{
			"request of another handler", zapcore.Entry{},
			[]zapcore.Field{zap.Dict("request", zap.String("method", "GET"), zap.String("uri", "/\x1b[2J")), zap.Int("status", 0)}, false,
			"15:04:05  GET    \"/\\x1b[2J\"                                 -          \n",
		},
		{
			"color", zapcore.Entry{}, []zapcore.Field{request, zap.Dict("ficus", zap.String("route", "a"), zap.String("side", "new"), zap.String("backend", "b"))}, true,
			"15:04:05  GET    /api/products?q=tea                        -            \x1b[32ma: new (b)\x1b[0m\n",
		},
		{
			"fallback", zapcore.Entry{}, []zapcore.Field{request, zap.Dict("ficus", zap.String("route", "a"), zap.String("side", "legacy"), zap.String("backend", "legacy"), zap.String("fallback", "open"))}, true,
			"15:04:05  GET    /api/products?q=tea                        -            \x1b[33ma: legacy (legacy)  in the place of new: open\x1b[0m\n",
		},
		{
			"killed", zapcore.Entry{}, []zapcore.Field{request, zap.Dict("ficus", zap.String("route", "a"), zap.String("side", "legacy"), zap.String("backend", "legacy"), zap.Bool("killed", true))}, false,
			"15:04:05  GET    /api/products?q=tea                        -            a: legacy (legacy)  killed\n",
		},
		{
			"problem", zapcore.Entry{Level: zapcore.ErrorLevel, Message: "routes/a.yaml:1:2: value: no"},
			[]zapcore.Field{zap.String("text", "  stage: x"), zap.String("hint", "use y"), zap.String("code", "value")}, false,
			"15:04:05  routes/a.yaml:1:2: value: no\n            stage: x\n            hint: use y\n",
		},
		{
			"change", zapcore.Entry{Message: "killed"}, []zapcore.Field{
				zap.String("change", "killed"), zap.String("route", "cart"), zap.String("by", "ann"), zap.String("text", "legacy serves: \x1b[2J\"x\""),
			}, false,
			"15:04:05  killed  cart  \"legacy serves: \\x1b[2J\\\"x\\\"\" (ann)\n",
		},
		{
			"change of a backend", zapcore.Entry{Message: "breaker opened"},
			[]zapcore.Field{zap.String("change", "breaker_opened"), zap.String("backend", "cart"), zap.String("text", `closed → open, "x"`)}, false,
			"15:04:05  breaker opened  cart  closed → open, \"x\"\n",
		},
		{
			"message", zapcore.Entry{Message: "route table applied"}, []zapcore.Field{zap.Int("routes", 2), zap.Int("legacy", 1)}, false,
			"15:04:05  route table applied  legacy=1  routes=2\n",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := &Encoder{Color: tc.color, MapObjectEncoder: zapcore.NewMapObjectEncoder()}
			tc.entry.Time = at
			out, err := e.EncodeEntry(tc.entry, tc.fields)
			if err != nil {
				t.Fatal(err)
			}
			if got := out.String(); got != tc.want {
				t.Errorf("got\n%q\nwant\n%q", got, tc.want)
			}
		})
	}
}

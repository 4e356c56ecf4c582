package console

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"

	"ficus/gateway/overview"
	"ficus/gateway/parity"
	"ficus/gateway/route"
	"ficus/gateway/traffic"
)

// functions are what templates may call.
var functions = template.FuncMap{
	"rate": rate, "share": share, "seconds": seconds, "percent": percent, "ago": ago, "clock": clock, "count": count,
	"words": func(s string) string { return strings.ReplaceAll(s, "_", " ") },
	"routeName": func(id string) string {
		switch id {
		case traffic.AllRoutes:
			return "all routes"
		case route.DefaultID:
			return "no route"
		}
		return id
	},
	"dict": dict, "plus": func(a, b int) int { return a + b },
	"list": func(w ...string) []string { return w }, "number": func(f float64) overview.Number { return overview.Number(f) },
	"shareOf": func(rate, errors float64) string {
		return share(overview.Side{Rate: overview.Number(rate), Errors: overview.Number(errors)})
	},
	"minutes": func(d time.Duration) string { return fmt.Sprintf("%.3g minutes", d.Minutes()) },
	"isAll":   func(id string) bool { return id == traffic.AllRoutes },
	"alike":   func(s *overview.Shadow) string { return alike(s.AlikePercent()) },
	"kinds":   func() []parity.Kind { return parity.Kinds[:] },
	"stages":  func() []route.Stage { return route.Stages[:] },
	"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"current": func(path, link string) bool { return path == link || link != "/" && strings.HasPrefix(path, link+"/") },
}

// none stands for what isn't known, or isn't there.
const none = "–"

// rate writes requests a second.
func rate(perSecond overview.Number) string {
	n := float64(perSecond)
	switch {
	case math.IsNaN(n) || n <= 0:
		return none
	case n < .05:
		return "<0.1"
	case n < 10:
		return fmt.Sprintf("%.1f", n)
	case n < 10_000:
		return fmt.Sprintf("%.0f", n)
	}
	return fmt.Sprintf("%.1fk", n/1000)
}

// share writes a share of requests as percent: of a side without requests there is none.
func share(s overview.Side) string {
	switch e := float64(s.Errors) * 100; {
	case s.Rate <= 0:
		return none
	case e == 0:
		return "0 %"
	case e < .1:
		return "<0.1 %"
	case e < 10:
		return fmt.Sprintf("%.1f %%", e)
	default:
		return fmt.Sprintf("%.0f %%", e)
	}
}

// seconds writes a latency.
func seconds(latency overview.Number) string {
	switch s := float64(latency); {
	case math.IsNaN(s):
		return none
	case s < .01:
		return fmt.Sprintf("%.1f ms", s*1000)
	case s < 1:
		return fmt.Sprintf("%.0f ms", s*1000)
	default:
		return fmt.Sprintf("%.1f s", s)
	}
}

// percent writes a weight.
func percent(weight overview.Number) string {
	if !weight.Known() {
		return none
	}
	return fmt.Sprintf("%g %%", float64(weight))
}

// alike writes the share of answers that are alike.
func alike(percent overview.Number) string {
	if !percent.Known() {
		return none
	}
	return fmt.Sprintf("%.4g %%", float64(percent))
}

// count writes how many, whatever number it is.
func count(n any) string {
	var f float64
	switch n := n.(type) {
	case int:
		f = float64(n)
	case int64:
		f = float64(n)
	case uint64:
		f = float64(n)
	case float64:
		f = n
	}
	text := fmt.Sprintf("%.0f", f)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}

// ago writes how long ago something was.
func ago(now, then time.Time) string {
	switch d := now.Sub(then); {
	case d < time.Second:
		return "now"
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	default:
		return fmt.Sprintf("%d days ago", int(d.Hours()/24))
	}
}

// clock writes a moment, in the gateway's own time zone.
func clock(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

// dict makes what a template is given of names and values.
func dict(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	return m
}

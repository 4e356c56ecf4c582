// Package line is the Caddy log encoder "ficus_line": one short line for each
// request that says who answered it, for a terminal. It suits any Caddy site's
// access log; where a request went through the ficus handler, the line shows route
// and side.
package line

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"
)

func init() {
	caddy.RegisterModule(Encoder{})
}

// Encoder writes log entries for people:
//
//	15:04:05  GET    /api/products?q=tea   200    3.1ms  catalog-list: new (catalog)
//
// Entries that are no requests show their message and fields; a problem in a route
// file shows the line concerned and the hint as well.
type Encoder struct {
	// Color marks the new side and problems with terminal colors. Default: false.
	Color bool `json:"color,omitempty"`

	*zapcore.MapObjectEncoder `json:"-"`
}

// CaddyModule returns the Caddy module information.
func (Encoder) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "caddy.logging.encoders.ficus_line",
		New: func() caddy.Module { return &Encoder{MapObjectEncoder: zapcore.NewMapObjectEncoder()} },
	}
}

// Clone returns a copy whose fields are its own.
func (e *Encoder) Clone() zapcore.Encoder {
	clone := &Encoder{Color: e.Color, MapObjectEncoder: zapcore.NewMapObjectEncoder()}
	maps.Copy(clone.Fields, e.Fields)
	return clone
}

var buffers = buffer.NewPool()

// EncodeEntry returns the entry as text.
func (e *Encoder) EncodeEntry(entry zapcore.Entry, fields []zapcore.Field) (*buffer.Buffer, error) {
	all := e.Clone().(*Encoder)
	for _, f := range fields {
		f.AddTo(all)
	}
	out := buffers.Get()
	out.AppendString(entry.Time.Format(time.TimeOnly) + "  ")
	if request, ok := all.Fields["request"].(map[string]any); ok {
		out.AppendString(e.request(request, all.Fields))
	} else {
		out.AppendString(e.message(entry, all.Fields))
	}
	out.AppendByte('\n')
	return out, nil
}

func (e *Encoder) request(request, fields map[string]any) string {
	status := "-" // nothing was sent
	if code, ok := fields["status"].(int64); ok && code != 0 {
		status = strconv.FormatInt(code, 10)
	}
	took := ""
	if d, ok := fields["duration"].(time.Duration); ok {
		took = fmt.Sprintf("%.1fms", float64(d)/float64(time.Millisecond))
	}
	line := fmt.Sprintf("%-6v %-40s %3s %9s", request["method"], shorten(fmt.Sprint(request["uri"]), 40), status, took)
	about, ok := fields["ficus"].(map[string]any)
	if !ok {
		return line
	}
	who := fmt.Sprintf("%v: %v (%v)", about["route"], about["side"], about["backend"])
	if cohort, ok := about["cohort"]; ok {
		who += fmt.Sprintf("  cohort %v by %v", cohort, about["cohort_from"])
	}
	if reason, ok := about["fallback"]; ok {
		who += fmt.Sprintf("  in the place of new: %v", reason)
	}
	if about["killed"] == true {
		who += "  killed"
	}
	switch {
	case about["side"] == "new":
		who = e.paint(green, who)
	case about["fallback"] != nil || about["killed"] != nil:
		who = e.paint(yellow, who)
	}
	return line + "  " + who
}

func (e *Encoder) message(entry zapcore.Entry, fields map[string]any) string {
	message := entry.Message
	if entry.Level >= zapcore.WarnLevel {
		message = e.paint(red, message)
	}
	if _, ok := fields["change"]; ok {
		return message + change(fields)
	}
	if text, ok := fields["text"].(string); ok && text != "" { // a problem of a route file
		message += "\n            " + strings.TrimSpace(text)
		if hint, ok := fields["hint"].(string); ok && hint != "" {
			message += "\n            hint: " + hint
		}
		return message
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		if value := fmt.Sprint(fields[key]); value != "" {
			message += fmt.Sprintf("  %s=%s", key, value)
		}
	}
	return message
}

// change writes what a change of the gateway is about, what happened and who did it.
func change(fields map[string]any) (line string) {
	about, ok := fields["route"].(string)
	if !ok {
		about, _ = fields["backend"].(string)
	}
	for _, text := range []any{about, fields["text"]} {
		if s, ok := text.(string); ok && s != "" {
			line += "  " + printable(s)
		}
	}
	if by, ok := fields["by"].(string); ok {
		line += " (" + printable(by) + ")"
	}
	return line
}

// printable quotes what a terminal would obey: reasons are what people write.
func printable(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}

const (
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	plain  = "\x1b[0m"
)

func (e *Encoder) paint(color, text string) string {
	if !e.Color {
		return text
	}
	return color + text + plain
}

// shorten makes text fit a column. What a client sent must not reach the terminal
// as control codes, so it is quoted where it holds any.
func shorten(text string, width int) string {
	if quoted := fmt.Sprintf("%q", text); quoted != `"`+text+`"` {
		text = quoted
	}
	runes := []rune(text)
	if len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return text
}

// UnmarshalCaddyfile reads:
//
//	ficus_line {
//	    color
//	}
//
// The keys are those of [Encoder].
func (e *Encoder) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the encoder's name
	if d.NextArg() {
		return d.ArgErr()
	}
	for d.NextBlock(0) {
		if d.Val() != "color" {
			return d.Errf("unknown key %q (known: color)", d.Val())
		}
		if d.NextArg() {
			return d.ArgErr()
		}
		e.Color = true
	}
	return nil
}

// Interface guards
var (
	_ zapcore.Encoder       = (*Encoder)(nil)
	_ caddyfile.Unmarshaler = (*Encoder)(nil)
)

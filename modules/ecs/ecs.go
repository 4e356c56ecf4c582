// Package ecs is the Caddy log encoder "ecs": one JSON object a line in the fields of the
// Elastic Common Schema, for Elasticsearch, Logstash and Kibana without any pipeline. It
// suits any Caddy site. What the ficus handler says of a request is in fields of its own
// below "ficus".
package ecs

import (
	"bytes"
	"encoding/json"
	"maps"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"

	"ficus/modules/internal/block"
)

func init() {
	caddy.RegisterModule(Encoder{})
}

// Version of the Elastic Common Schema that lines keep to.
const Version = "8.17.0"

// Encoder writes log entries in the Elastic Common Schema.
//
// Headers are left out but for User-Agent, Referer and Content-Type: clients make their
// names up, and each would become a field of the index. So Authorization, Cookie and
// Set-Cookie are in no line. Values of parameters of the query whose names sound like a
// secret are replaced; userinfo of a URL and fragments are left out.
//
// Of entries that are no requests, fields become labels, which are texts.
type Encoder struct {
	// Redact names further parameters of the query whose values are secret.
	Redact []string `json:"redact,omitempty"`

	*zapcore.MapObjectEncoder `json:"-"`
}

// CaddyModule returns the Caddy module information.
func (Encoder) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "caddy.logging.encoders.ecs",
		New: func() caddy.Module { return &Encoder{MapObjectEncoder: zapcore.NewMapObjectEncoder()} },
	}
}

// Clone returns a copy whose fields are its own.
func (e *Encoder) Clone() zapcore.Encoder {
	clone := &Encoder{Redact: e.Redact, MapObjectEncoder: zapcore.NewMapObjectEncoder()}
	maps.Copy(clone.Fields, e.Fields)
	return clone
}

var buffers = buffer.NewPool()

// EncodeEntry returns the entry as a line.
func (e *Encoder) EncodeEntry(entry zapcore.Entry, fields []zapcore.Field) (*buffer.Buffer, error) {
	all := e.Clone().(*Encoder)
	for _, f := range fields {
		f.AddTo(all)
	}
	out := document{
		"@timestamp":  entry.Time.UTC().Format("2006-01-02T15:04:05.000Z"),
		"log.level":   entry.Level.String(),
		"message":     entry.Message,
		"ecs.version": Version,
	}
	if entry.LoggerName != "" {
		out["log.logger"] = entry.LoggerName
	}
	if entry.Stack != "" {
		out.set("error", "stack_trace", entry.Stack)
	}
	e.fill(out, all.Fields)
	var text bytes.Buffer
	to := json.NewEncoder(&text)
	to.SetEscapeHTML(false)
	if err := to.Encode(out); err != nil { // which ends the line
		return nil, err
	}
	line := buffers.Get()
	_, _ = line.Write(text.Bytes())
	return line, nil
}

// document is a line, by the names of its fields; of those that belong together the names
// are in a map of their own.
type document map[string]any

// set sets a field of a set of fields; nil is none.
func (d document) set(set, name string, value any) {
	if value == nil {
		return
	}
	fields, ok := d[set].(document)
	if !ok {
		fields = document{}
		d[set] = fields
	}
	fields[name] = value
}

// within returns a set of fields within another, to be filled.
func (d document) within(set, name string) document {
	inner := document{}
	d.set(set, name, inner)
	return inner
}

// fill adds what the entry says to the line.
func (e *Encoder) fill(out document, fields map[string]any) {
	request, isRequest := fields["request"].(map[string]any)
	if isRequest {
		e.request(out, request, fields)
	}
	for key, value := range fields {
		switch {
		case key == "error":
			out.set("error", "message", asText(value))
		case key == "ficus" && isRequest:
			own(out, value)
		case isRequest && known[key]:
		default:
			out.set("labels", labelName(key), asLabel(value))
		}
	}
}

// own takes what the ficus handler says of a request.
func own(out document, value any) {
	about, ok := value.(map[string]any)
	if !ok {
		return
	}
	mine := document{}
	for key, value := range about {
		switch key {
		case "trace_id":
			out.set("trace", "id", value)
		case "request_id":
			http, _ := out["http"].(document)
			request, _ := http["request"].(document)
			request["id"] = value
		default:
			mine[key] = value
		}
	}
	out["ficus"] = mine
}

// UnmarshalCaddyfile reads:
//
//	ecs {
//	    redact <parameter>...
//	}
//
// The keys are those of [Encoder].
func (e *Encoder) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the encoder's name
	if d.NextArg() {
		return d.ArgErr()
	}
	return block.Keys{"redact": block.Texts(&e.Redact)}.Read(d)
}

// Interface guards
var (
	_ zapcore.Encoder       = (*Encoder)(nil)
	_ caddyfile.Unmarshaler = (*Encoder)(nil)
)

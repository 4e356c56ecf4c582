package grafana

import (
	"strings"
	"time"

	"ficus/gateway/change"
	"ficus/gateway/internal/clip"
)

// An Annotation is what Grafana's API takes: https://grafana.com/docs/grafana/latest/developers/http_api/annotations/
type Annotation struct {
	Time    int64    `json:"time"`              // milliseconds since 1970
	TimeEnd int64    `json:"timeEnd,omitempty"` // the same, of a region; none for a moment
	Tags    []string `json:"tags"`
	Text    string   `json:"text"` // Grafana reads it as HTML
}

// maxTag bounds a tag, in bytes: Grafana keeps no longer ones.
const maxTag = 100

// annotationOf makes an annotation of an event. Its tags are ficus, the kind, and, where
// they are known, route:…, backend:… and address:….
func annotationOf(e *change.Event) Annotation {
	a := Annotation{Time: milliseconds(e.Time), Tags: []string{"ficus", string(e.Kind)}, Text: text(e)}
	if e.Until.After(e.Time) {
		a.TimeEnd = milliseconds(e.Until)
	}
	for _, tag := range [...][2]string{{"route:", e.Route}, {"backend:", e.Backend}, {"address:", e.Address}} {
		if tag[1] != "" {
			a.Tags = append(a.Tags, clip.Text(tag[0]+tag[1], maxTag))
		}
	}
	return a
}

func milliseconds(t time.Time) int64 { return t.UnixMilli() }

// plain is text that is no HTML: reasons are what people write.
var plain = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func text(e *change.Event) string {
	parts := []string{e.Kind.Title()}
	if about := e.Subject(); about != "" {
		parts = append(parts, about)
	}
	line := strings.Join(append(parts, e.Text), ": ")
	if e.By != "" {
		line += " (" + e.By + ")"
	}
	return plain.Replace(line)
}

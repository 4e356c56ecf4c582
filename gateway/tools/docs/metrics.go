package docs

import (
	"fmt"
	"strings"

	"ficus/gateway/telemetry"
)

// Metrics returns docs/METRICS.md, the catalogue of metrics, as Markdown.
func Metrics(catalogue []telemetry.Description) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `# Metrics

All %d metrics of Ficus' own, as Caddy's `+"`/metrics`"+` shows them. This page is generated from the catalogue
(`+"`go test ./gateway/tools/docs -update`"+`).

The labels route, group, owner, backend, address and source come from the table and the configuration, never from
clients; series of routes and backends that leave the table go. For other labels all words are listed. Counters survive
reloads of the table and of Caddy.

`, len(catalogue))
	t := table{"metric", "type", "unit", "labels", "what it says"}.head()
	for _, m := range catalogue {
		t.row(code(m.Name), m.Type, m.Unit, labels(m), m.Help)
	}
	b.WriteString(t.String() + "\n")
	return []byte(b.String())
}

// labels names the labels of a metric, each with its words.
func labels(m telemetry.Description) string {
	list := make([]string, len(m.Labels))
	for i, label := range m.Labels {
		list[i] = label
		if words := m.Words[label]; words != nil {
			list[i] += " (" + strings.Join(words, ", ") + ")"
		}
	}
	return strings.Join(list, "; ")
}

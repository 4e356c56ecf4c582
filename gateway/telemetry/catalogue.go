package telemetry

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// A Description says what a metric is, for manuals and dashboards.
type Description struct {
	Name   string
	Type   string // counter, gauge or histogram
	Unit   string // seconds, bytes, ratio (0 to 1) or timestamp_seconds (since 1970); "" for a count
	Labels []string
	Words  map[string][]string // all that a label can be, by its name, where that is known beforehand
	Help   string
}

// Catalogue describes all metrics.
func (m *Metrics) Catalogue() []Description {
	var list []Description
	for _, c := range m.collectors() {
		descriptions := make(chan *prometheus.Desc, 1)
		c.Describe(descriptions)
		d := describe((<-descriptions).String())
		switch c := c.(type) {
		case *read:
			if d.Type = "counter"; c.kind == prometheus.GaugeValue {
				d.Type = "gauge"
			}
		case *prometheus.HistogramVec:
			d.Type = "histogram"
		case *prometheus.GaugeVec, prometheus.Gauge, readGauge, *readBudgets:
			d.Type = "gauge"
		default:
			d.Type = "counter"
		}
		d.Unit, d.Words = unitOf(d.Name), wordsOf(d.Name, d.Labels)
		list = append(list, d)
	}
	return list
}

// units are the suffixes that names may have, the longest first.
var units = [...]string{"timestamp_seconds", "seconds", "bytes", "ratio"}

func unitOf(name string) string {
	name = strings.TrimSuffix(name, "_total")
	for _, unit := range units {
		if strings.HasSuffix(name, "_"+unit) {
			return unit
		}
	}
	return ""
}

var description = regexp.MustCompile(`^Desc\{fqName: ("(?:[^"\\]|\\.)*"), help: ("(?:[^"\\]|\\.)*"),.* variableLabels: \{(.*)\}\}$`)

// describe reads the only form in which a description can be had.
func describe(text string) Description {
	parts := description.FindStringSubmatch(text)
	if parts == nil {
		panic("telemetry: a metric describes itself in an unknown way: " + text)
	}
	d := Description{Name: unquote(parts[1]), Help: unquote(parts[2])}
	if parts[3] != "" {
		d.Labels = strings.Split(parts[3], ",")
	}
	return d
}

func unquote(text string) string {
	s, err := strconv.Unquote(text)
	if err != nil {
		panic(fmt.Sprintf("telemetry: %s is no quoted text: %v", text, err))
	}
	return s
}

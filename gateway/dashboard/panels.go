package dashboard

import (
	"fmt"
	"strings"
)

// Units, by Grafana's names.
const (
	perSecond = "reqps"
	events    = "ops"
	seconds   = "s"
	size      = "bytes"
	bytesRate = "Bps"
	ratio     = "percentunit"
	number    = "short"
	date      = "dateTimeFromNow"
	yesNo     = "bool_yes_no"
)

// Colours, the same on all boards: each side, each stage, and what is good or bad.
const (
	legacyColor  = "orange"
	shadowColor  = "purple"
	canaryColor  = "yellow"
	newColor     = "blue"
	retiredColor = "dark-blue"
	good         = "green"
	warn         = "yellow"
	bad          = "red"
	plain        = "text"
)

// named are the colours of series by the word that their legend begins with, and the label
// that the word comes from.
var named = []struct{ label, word, color string }{
	{"side", "legacy", legacyColor}, {"side", "new", newColor},
	{"stage", "legacy", legacyColor}, {"stage", "shadow", shadowColor}, {"stage", "canary", canaryColor}, {"stage", "new", newColor}, {"stage", "retired", retiredColor},
	{"result", "match", good}, {"result", "passed", good}, {"result", "failed", bad}, {"result", "applied", good}, {"result", "rejected", bad},
	{"cause", "allowed", good}, {"cause", "denied", bad},
	{"to", "closed", good}, {"to", "half_open", warn}, {"to", "open", bad},
}

// colored gives series their colours as far as they have any.
func colored(targets []target) []override {
	list, done := []override{}, map[string]bool{}
	for _, t := range targets {
		for _, n := range named {
			if done[n.word] || !strings.HasPrefix(t.LegendFormat, "{{"+n.label+"}}") && !strings.HasPrefix(t.LegendFormat, n.word) {
				continue
			}
			done[n.word] = true
			list = append(list, override{
				matcher{"byRegexp", fmt.Sprintf("/^%s\\b/", n.word)},
				[]property{{"color", color{Mode: "fixed", FixedColor: n.color}}},
			})
		}
	}
	return list
}

var prometheus = datasource{Type: "prometheus", UID: "${datasource}"}

// ask is one query of a panel, over the range that is shown.
func ask(legend, query string) target {
	return target{Datasource: prometheus, Expr: query, LegendFormat: legend, Range: true}
}

// column is one query of a table, at the end of the range.
func column(query string) target {
	return target{Datasource: prometheus, Expr: query, Format: "table", Instant: true}
}

func newPanel(kind, title, unit, about string, targets []target) *panel {
	for i := range targets {
		targets[i].RefID = string(rune('A' + i))
	}
	return &panel{
		Type: kind, Title: title, Description: about, Datasource: &prometheus, Targets: targets,
		FieldConfig: &fieldConfig{Defaults: fieldDefaults{Unit: unit, Thresholds: below()}, Overrides: []override{}},
	}
}

// graph shows values over time.
func graph(title, unit, about string, targets ...target) *panel {
	p := newPanel("timeseries", title, unit, about, targets)
	d := &p.FieldConfig.Defaults
	d.Min, d.Color = new(float64), &color{Mode: "palette-classic"}
	d.Custom = map[string]any{"lineWidth": 1, "fillOpacity": 10, "showPoints": "never", "spanNulls": false}
	p.FieldConfig.Overrides = colored(targets)
	p.Options = map[string]any{
		"legend":  map[string]any{"displayMode": "table", "placement": "bottom", "showLegend": true, "calcs": []string{"lastNotNull", "max"}, "sortBy": "Max", "sortDesc": true},
		"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
	}
	return p
}

// stacked shows values on top of each other; of a ratio the parts of the whole.
func stacked(p *panel) *panel {
	p.FieldConfig.Defaults.Custom["stacking"] = map[string]any{"mode": "normal", "group": "A"}
	p.FieldConfig.Defaults.Custom["fillOpacity"] = 40
	return p
}

// stepped shows values that jump.
func stepped(p *panel) *panel {
	p.FieldConfig.Defaults.Custom["lineInterpolation"] = "stepAfter"
	return p
}

// upTo bounds the axis.
func upTo(most float64, p *panel) *panel {
	p.FieldConfig.Defaults.Max = &most
	return p
}

// figure shows the last value, large, in the colour of its threshold.
func figure(title, unit, about string, t *thresholds, targets ...target) *panel {
	p := newPanel("stat", title, unit, about, targets)
	p.FieldConfig.Defaults.Thresholds = t
	p.FieldConfig.Defaults.Color = &color{Mode: "thresholds"}
	p.FieldConfig.Defaults.NoValue = "none"
	p.Options = map[string]any{
		"colorMode": "value", "graphMode": "area", "justifyMode": "auto", "orientation": "auto", "textMode": "auto", "wideLayout": true,
		"showPercentChange": false, "percentChangeColorMode": "standard",
		"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
	}
	return p
}

// texts shows the labels of a figure in the place of its value.
func texts(p *panel) *panel {
	p.Options.(map[string]any)["textMode"], p.Options.(map[string]any)["graphMode"] = "name", "none"
	return p
}

// timeline shows which of some numbered states there was when.
func timeline(title, about string, states mapping, targets ...target) *panel {
	p := newPanel("state-timeline", title, "", about, targets)
	d := &p.FieldConfig.Defaults
	d.Mappings, d.Color = []mapping{states}, &color{Mode: "thresholds"}
	d.Custom = map[string]any{"lineWidth": 0, "fillOpacity": 80}
	p.Options = map[string]any{
		"mergeValues": true, "showValue": "auto", "rowHeight": 0.85, "alignValue": "left",
		"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}},
		"tooltip": map[string]any{"mode": "single", "sort": "none"},
	}
	return p
}

// states number texts from 0 on.
func states(list ...mapped) mapping {
	m := mapping{Type: "value", Options: map[string]mapped{}}
	for i, s := range list {
		s.Index = i
		m.Options[fmt.Sprint(i)] = s
	}
	return m
}

// below is one colour for all values, or another one from each bound on.
func below(more ...step) *thresholds {
	return &thresholds{Mode: "absolute", Steps: append([]step{{Color: plain}}, more...)}
}

func from(value float64, color string) step { return step{color, &value} }

// rising is good below the first bound and bad from the second on.
func rising(first, second float64) *thresholds {
	return &thresholds{Mode: "absolute", Steps: []step{{Color: good}, from(first, warn), from(second, bad)}}
}

// A tableColumn is one query of a table, with its name and unit.
type tableColumn struct {
	name, unit string
	query      string
	thresholds *thresholds // nil for no colour
}

// list is a table of one row for each set of labels, sorted by a column, the highest first.
func list(title, about, sortBy string, columns ...tableColumn) *panel {
	var targets []target
	names, hidden := map[string]string{}, map[string]bool{"Time": true}
	for _, c := range columns {
		targets = append(targets, column(c.query))
	}
	p := newPanel("table", title, "", about, targets)
	for i, c := range columns {
		value := "Value #" + targets[i].RefID
		if len(columns) == 1 {
			value = "Value"
		}
		names[value] = c.name
		properties := []property{{"unit", c.unit}}
		if c.thresholds != nil {
			properties = append(properties, property{"thresholds", c.thresholds}, property{"custom.cellOptions", map[string]any{"type": "color-text"}})
		}
		p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, override{matcher{"byName", c.name}, properties})
	}
	p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, override{matcher{"byName", "route"}, []property{{"links", []any{map[string]any{
		"title": "${__value.raw} on its board", "targetBlank": false,
		"url": "/d/" + RouteUID + "?var-route=${__value.raw}&${datasource:queryparam}&${job:queryparam}&${__url_time_range}",
	}}}}})
	p.FieldConfig.Defaults.Custom = map[string]any{"align": "auto", "filterable": true, "inspect": false}
	p.Options = map[string]any{"showHeader": true, "frameIndex": 0, "cellHeight": "sm", "sortBy": []any{map[string]any{"displayName": sortBy, "desc": true}}}
	p.Transformations = []transformation{
		{"merge", map[string]any{}},
		{"organize", map[string]any{"excludeByName": hidden, "renameByName": names, "indexByName": map[string]int{}}},
	}
	return p
}

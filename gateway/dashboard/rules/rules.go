// Package rules is the room where Prometheus rules are made: recording rules for rate,
// errors and latency of each route and side, and the alerts.
//
// They ask for metrics of the catalogue by their names and labels and find their routes by
// themselves, so that they need not be made anew where a route comes, goes or changes its
// stage. What is taken from the table is what no metric says: who owns a route. "ficus
// dashboards" writes them, and deploy/prometheus holds those of the shipped routes.
//
// Each alert leads to a section of docs/RUNBOOK.md. Nothing here runs or loads a rule.
package rules

import (
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"

	"ficus/gateway/routetable"
)

// Options are what the rules depend on beside the table. The zero value is usable.
type Options struct {
	// Objective is the percentage of requests that are to be answered without an error,
	// from 95 on and below 100. Default: 99.9.
	Objective float64

	// Objectives are those of single routes, by id.
	Objectives map[string]float64

	// Runbook is where the runbook lies: the address to which "#" and an anchor are added.
	// Default: docs/RUNBOOK.md.
	Runbook string

	// Board is the address of Grafana's board about routes, such as
	// https://grafana.example.com/d/ficus-route. Alerts about a route then lead to it.
	// Default: none.
	Board string
}

// DefaultObjective is the percentage of requests that are to be answered without an error.
const DefaultObjective = 99.9

// leastObjective is such that a route that fails whole burns fast enough for a page.
const leastObjective = 95

// DefaultRunbook is where the runbook lies, seen from the project's root.
const DefaultRunbook = "docs/RUNBOOK.md"

// A File is one file of rules.
type File struct {
	Name string // such as ficus.rules.yml
	Data []byte
}

// Files returns the files of rules for a table. It fails on an objective that is no
// percentage, or is that of a route that the table does not have.
func Files(table *routetable.Table, options Options) ([]File, error) {
	options, err := options.filled(table)
	if err != nil {
		return nil, err
	}
	var files []File
	for _, f := range []struct {
		name, about string
		groups      []group
	}{
		{"ficus-recording.rules.yml", "What is recorded for boards and alerts.", recording(table, options)},
		{"ficus-alerts.rules.yml", "Alerts; docs/RUNBOOK.md has a section about each.", alerts(options)},
	} {
		text, err := yaml.MarshalWithOptions(ruleFile{f.groups}, yaml.UseLiteralStyleIfMultiline(true), yaml.IndentSequence(true))
		if err != nil {
			return nil, fmt.Errorf("writing %s: %w", f.name, err)
		}
		head := fmt.Sprintf("# %s Made by \"ficus dashboards\"; do not edit.\n", f.about)
		files = append(files, File{f.name, slices.Concat([]byte(head), text)})
	}
	return files, nil
}

func (o Options) filled(table *routetable.Table) (Options, error) {
	if o.Objective == 0 {
		o.Objective = DefaultObjective
	}
	if o.Runbook == "" {
		o.Runbook = DefaultRunbook
	}
	if err := checkObjective(o.Objective); err != nil {
		return o, err
	}
	for id, objective := range o.Objectives {
		if table.Entry(id) == nil {
			return o, fmt.Errorf("an objective for %s: there is no such route", id)
		}
		if err := checkObjective(objective); err != nil {
			return o, fmt.Errorf("route %s: %w", id, err)
		}
	}
	return o, nil
}

func checkObjective(percent float64) error {
	if !(percent >= leastObjective && percent < 100) { // NaN is neither
		return fmt.Errorf("an objective of %v %%: it has to be at least %d and below 100", percent, leastObjective)
	}
	return nil
}

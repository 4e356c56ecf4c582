package telemetry

import (
	"time"

	"ficus/gateway/route"
)

// TableApplied records that a table serves from now on: its revision, the number
// of its routes by stage, and the warnings it came with.
func (m *Metrics) TableApplied(now time.Time, revision string, stages map[route.Stage]int, warnings route.Problems) {
	m.tableInfo.Reset()
	m.tableInfo.WithLabelValues(revision).Set(1)
	for _, stage := range route.Stages {
		m.tableRoutes.WithLabelValues(stage.String()).Set(float64(stages[stage]))
	}
	m.reloads.WithLabelValues("applied").Inc()
	m.reloadOK.Set(1)
	m.reloadTime.Set(float64(now.UnixMilli()) / 1000)
	m.setProblems(warnings)
}

// RouteExpiries sets when the routes of the table that serves should be gone, by id.
func (m *Metrics) RouteExpiries(expiries map[string]time.Time) {
	m.expires.Reset()
	for id, t := range expiries {
		m.expires.WithLabelValues(id).Set(float64(t.Unix()))
	}
}

// TableRejected records that the folder was loaded and not applied.
func (m *Metrics) TableRejected(problems route.Problems) {
	m.reloads.WithLabelValues("rejected").Inc()
	m.reloadOK.Set(0)
	m.setProblems(problems)
}

func (m *Metrics) setProblems(problems route.Problems) {
	m.tableProblems.Reset()
	for _, p := range problems {
		m.tableProblems.WithLabelValues(p.Severity.String(), string(p.Code)).Inc()
	}
}

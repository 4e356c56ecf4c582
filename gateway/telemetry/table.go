package telemetry

import (
	"time"

	"ficus/gateway/route"
)

// TableSources are the places that a table may come from, as labels name them.
var TableSources = [...]string{"folder", "snapshot", "unguarded", "legacy_only"}

// ServingTable is what metrics tell of the table that serves.
type ServingTable struct {
	Source   string // one of TableSources
	Revision string
	Stages   map[route.Stage]int  // routes by stage
	Expiries map[string]time.Time // when a route should be gone, by id; only those that expire
}

// TableServes records which table serves from now on.
func (m *Metrics) TableServes(t ServingTable) {
	m.tableInfo.Reset()
	m.tableInfo.WithLabelValues(t.Revision).Set(1)
	for _, source := range TableSources {
		m.tableSource.WithLabelValues(source).Set(oneIf(source == t.Source))
	}
	for _, stage := range route.Stages {
		m.tableRoutes.WithLabelValues(stage.String()).Set(float64(t.Stages[stage]))
	}
	m.expires.Reset()
	for id, end := range t.Expiries {
		m.expires.WithLabelValues(id).Set(float64(end.Unix()))
	}
}

// FolderApplied records that the route folder was loaded and its table serves, and
// the warnings it came with.
func (m *Metrics) FolderApplied(now time.Time, warnings route.Problems) {
	m.reloads.WithLabelValues("applied").Inc()
	m.reloadOK.Set(1)
	m.reloadTime.Set(float64(now.UnixMilli()) / 1000)
	m.setProblems(warnings)
}

// FolderRejected records that the route folder was loaded and not applied.
func (m *Metrics) FolderRejected(problems route.Problems) {
	m.reloads.WithLabelValues("rejected").Inc()
	m.reloadOK.Set(0)
	m.setProblems(problems)
}

// SnapshotKept records whether the snapshot in the state folder is that of the folder
// applied last.
func (m *Metrics) SnapshotKept(kept bool) { m.snapshotKept.Set(oneIf(kept)) }

func (m *Metrics) setProblems(problems route.Problems) {
	m.tableProblems.Reset()
	for _, p := range problems {
		m.tableProblems.WithLabelValues(p.Severity.String(), string(p.Code)).Inc()
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

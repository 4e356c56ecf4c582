package telemetry

// RouteKilled records that the kill switch took a route, or "*" for all, or gave it back.
func (m *Metrics) RouteKilled(id string, killed bool) {
	if killed {
		m.killed.WithLabelValues(id).Set(1)
	} else {
		m.killed.DeleteLabelValues(id)
	}
}

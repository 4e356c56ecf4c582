package dashboard

// datasourceVariable lets a board be used with any Prometheus.
var datasourceVariable = variable{Name: "datasource", Label: "Prometheus", Type: "datasource", Query: "prometheus"}

// jobVariable tells several installations apart that one Prometheus scrapes.
var jobVariable = all(labelValues("job", "Job", "label_values(ficus_table_info, job)"))

// groupVariable and routeVariable are of the overview: routes of some groups, then some of
// them. All of the routes are all of the groups, by their names.
var (
	groupVariable = all(labelValues("group", "Group", `label_values(ficus_route_info{job=~"$job"}, group)`))
	routeVariable = byName(all(labelValues("route", "Route", `label_values(ficus_route_info{job=~"$job",group=~"$group"}, route)`)))
)

// labelValues is a variable whose values Prometheus knows.
func labelValues(name, label, query string) variable {
	return variable{
		Name: name, Label: label, Type: "query", Query: variableQuery{query, "variable"}, Datasource: &prometheus, Refresh: 2, Sort: 1,
	}
}

// all lets several values be chosen, and all of them from the start.
func all(v variable) variable {
	v.Multi, v.IncludeAll, v.AllValue = true, true, ".*"
	v.Current = map[string]any{"text": []string{"All"}, "value": []string{"$__all"}}
	return v
}

func byName(v variable) variable {
	v.AllValue = ""
	return v
}

// hidden is a variable that follows from the others.
func hidden(v variable) variable {
	v.Hide = 2
	return v
}

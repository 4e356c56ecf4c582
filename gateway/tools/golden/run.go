package golden

import (
	"regexp"

	"ficus/gateway/rewrite"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// A Report is the outcome of a run.
type Report struct {
	Problems route.Problems `json:"problems"` // with an error among them nothing was run
	Cases    []Result       `json:"cases"`
	Passed   int            `json:"passed"`
	Failed   int            `json:"failed"`
	Coverage *Coverage      `json:"coverage,omitempty"` // absent where only some cases were run
}

// A Result is the outcome of one case.
type Result struct {
	Name        string       `json:"name"`
	Request     string       `json:"request"`
	Place       string       `json:"place"` // file:line:column
	Passed      bool         `json:"passed"`
	Got         Answer       `json:"got"`
	Differences []Difference `json:"differences,omitempty"`
}

// Broken returns the report of a run that did not take place.
func Broken(problems route.Problems) Report {
	return Report{Problems: problems, Cases: []Result{}}
}

// Run puts the cases of a suite without errors to a table: all, or those whose name the filter matches where it
// is not nil.
func (s *Suite) Run(table *routetable.Table, filter *regexp.Regexp) Report {
	r := Report{Problems: s.problems, Cases: []Result{}}
	j := judge{table, rewrite.Compile(table)}
	var places route.Problems // of the differences, in their order
	for _, c := range s.cases {
		if filter != nil && !filter.MatchString(c.title()) {
			continue
		}
		result := Result{Name: c.title(), Request: c.Request, Place: c.Origin.String(), Got: j.ask(&c.Case)}
		result.Differences = c.Want.differences(result.Got, table)
		for _, d := range result.Differences {
			places = append(places, route.Problem{Origin: route.Origin{File: c.Origin.File}, Path: c.path + ".want." + d.Field})
		}
		if result.Passed = len(result.Differences) == 0; result.Passed {
			r.Passed++
		} else {
			r.Failed++
		}
		r.Cases = append(r.Cases, result)
	}
	s.locate(r.Cases, places)
	if filter == nil {
		r.Coverage = coverageOf(table, r.Cases)
	}
	return r
}

// locate gives the differences their places.
func (s *Suite) locate(results []Result, places route.Problems) {
	s.folder.Locate(places)
	for i := range results {
		for j := range results[i].Differences {
			results[i].Differences[j].Place, places = places[0].Origin.String(), places[1:]
		}
	}
}

package golden

import (
	"math"

	"ficus/gateway/routetable"
)

// Coverage says which routes the cases reach. The default entry is no route.
type Coverage struct {
	Routes  int           `json:"routes"`
	Reached int           `json:"reached"`
	Percent float64       `json:"percent"`  // 0 to 100, rounded down to a tenth; 100 where there are no routes
	ByRoute []RouteCounts `json:"by_route"` // sorted by id
}

// RouteCounts says how many cases reach a route.
type RouteCounts struct {
	Route string `json:"route"`
	Place string `json:"place"` // file:line:column
	Cases int    `json:"cases"`
}

func coverageOf(table *routetable.Table, results []Result) *Coverage {
	reached := map[string]int{}
	for _, r := range results {
		reached[r.Got.Route]++
	}
	c := &Coverage{Percent: 100, ByRoute: []RouteCounts{}}
	for _, e := range table.Entries {
		if e == table.Default() {
			continue
		}
		c.Routes++
		if reached[e.ID] > 0 {
			c.Reached++
		}
		c.ByRoute = append(c.ByRoute, RouteCounts{e.ID, e.Origin.String(), reached[e.ID]})
	}
	if c.Routes > 0 {
		c.Percent = math.Floor(float64(c.Reached)*1000/float64(c.Routes)) / 10
	}
	return c
}

// Below reports whether less than a percentage of the routes is reached.
func (c *Coverage) Below(percent float64) bool {
	return float64(c.Reached)*100 < percent*float64(c.Routes)
}

package shadow

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"ficus/gateway/internal/clip"
	"ficus/gateway/parity"
)

// A Finding is one way in which the answers to a route's copies differ, or why there was
// none to compare.
type Finding struct {
	Kind  parity.Kind `json:"kind"`
	Where string      `json:"where,omitempty"` // as parity says it; it may hold keys of a body, never values
	Count int         `json:"count"`
	Last  time.Time   `json:"last"`
}

// Bounds of what is noted: findings of a route, routes, and bytes of a place.
const (
	maxFindings = 12
	maxNoted    = 1000
	maxWhere    = 200
)

// notes are the findings of late, by route. What has not been seen for longest makes room.
type notes struct {
	mu     sync.Mutex
	routes map[string][]Finding
}

func (n *notes) add(route string, d parity.Difference, now time.Time) {
	where := clip.Text(d.Where, maxWhere)
	n.mu.Lock()
	defer n.mu.Unlock()
	list, known := n.routes[route]
	if !known && len(n.routes) >= maxNoted {
		n.forgetOldest()
	}
	for i := range list {
		if list[i].Kind == d.Kind && list[i].Where == where {
			list[i].Count++
			list[i].Last = now
			return
		}
	}
	found := Finding{d.Kind, where, 1, now}
	if len(list) < maxFindings {
		n.routes[route] = append(list, found)
		return
	}
	list[oldest(list)] = found
}

// oldest returns the place of the finding that was not seen for longest.
func oldest(list []Finding) (at int) {
	for i := range list {
		if list[i].Last.Before(list[at].Last) {
			at = i
		}
	}
	return at
}

// forgetOldest drops the route that nothing was found of for longest.
func (n *notes) forgetOldest() {
	var route string
	var last time.Time
	for id, list := range n.routes {
		newest := slices.MaxFunc(list, func(a, b Finding) int { return a.Last.Compare(b.Last) })
		if route == "" || newest.Last.Before(last) {
			route, last = id, newest.Last
		}
	}
	delete(n.routes, route)
}

// Findings returns how the answers to a route's copies differ, the most frequent first.
func (c *Copier) Findings(route string) []Finding {
	c.notes.mu.Lock()
	defer c.notes.mu.Unlock()
	list := slices.Clone(c.notes.routes[route])
	slices.SortFunc(list, func(a, b Finding) int { return cmp.Or(cmp.Compare(b.Count, a.Count), b.Last.Compare(a.Last)) })
	return list
}

package routetable

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"ficus/gateway/route"
)

// maxPlaces is how many places of one tree a match may have to look at. Real tables
// stay below 50. Where a literal and a wildcard stand side by side and both go on, a
// match may have to follow both: in a table made to, that doubles with each segment.
// No index helps against it, so such a table does not compile.
const maxPlaces = 500

// checkBranching reports trees that a client could make a match slow with.
func (c *compiler) checkBranching() {
	for _, host := range slices.Sorted(maps.Keys(c.hosts)) {
		for _, root := range c.hosts[host].all() {
			places, e := root.places()
			if places <= maxPlaces {
				continue
			}
			c.report(placed(e.Origin, e.ID, "match", route.Problem{
				Code: route.CodeBranching,
				Message: fmt.Sprintf("%q is one of many routes that make a match look at up to %d places; the limit is %d",
					e.Pattern.text, places, maxPlaces),
				Hint: "literals and wildcards stand side by side in too many segments: let some of the routes begin with a literal of their own",
			}))
		}
	}
}

// places returns the most nodes that a match from n on can come to, and one of the
// entries there. A match follows one literal at most, and the wildcard.
func (n *node) places() (most int, e *Entry) {
	for _, child := range n.children.all() {
		if count, other := child.places(); count > most || count == most && other.Index < e.Index {
			most, e = count, other
		}
	}
	if n.wild != nil {
		count, other := n.wild.places()
		most, e = most+count, cmp.Or(e, other)
	}
	return most + 1, cmp.Or(e, n.end, n.slashEnd, n.rest)
}

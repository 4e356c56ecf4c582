package change

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// maxBetween bounds how many events one edit makes: a folder of 10,000 routes that is
// rewritten must not push all else out, nor fill a board.
const maxBetween = 50

// Between returns what is different in a table that takes the place of another, route by
// route: those that came, went, or are something else now. Where more than fifty are, there
// is one event for each kind, with how many there are of it and what most of them are.
// Without a table before, there is nothing to tell.
func Between(before, after *routetable.Table) []Event {
	if before == nil || after == nil || before.Revision == after.Revision {
		return nil
	}
	d := differences{equal: map[[2]*route.Resilience]bool{}}
	olds, news := before.Entries, after.Entries // both sorted by id, the default entry last
	olds, news = olds[:len(olds)-1], news[:len(news)-1]
	for len(olds) > 0 || len(news) > 0 {
		switch {
		case len(news) == 0 || len(olds) > 0 && olds[0].ID < news[0].ID:
			d.add(Event{Kind: RouteRemoved, Route: olds[0].ID, Text: "removed; it was at " + standing(olds[0])})
			olds = olds[1:]
		case len(olds) == 0 || news[0].ID < olds[0].ID:
			d.add(Event{Kind: RouteAdded, Route: news[0].ID, Backend: news[0].Backend, Text: "added at " + standing(news[0])})
			news = news[1:]
		default:
			d.compare(olds[0], news[0])
			olds, news = olds[1:], news[1:]
		}
	}
	if len(d.events) > maxBetween {
		return SumUp(d.events, 1)
	}
	return d.events
}

type differences struct {
	events []Event
	equal  map[[2]*route.Resilience]bool // entries share these: few pairs have to be looked at
}

func (d *differences) add(e Event) { d.events = append(d.events, e) }

func (d *differences) compare(a, b *routetable.Entry) {
	switch {
	case a.Stage != b.Stage:
		d.add(Event{Kind: StageMoved, Route: b.ID, Backend: b.Backend, Text: standing(a) + " → " + standing(b)})
	case a.Weight != b.Weight && b.Stage == route.StageCanary:
		d.add(Event{Kind: WeightMoved, Route: b.ID, Backend: b.Backend, Text: "weight " + percent(a.Weight) + " → " + percent(b.Weight)})
	}
	if keys := d.changed(a, b); len(keys) > 0 {
		d.add(Event{Kind: RouteChanged, Route: b.ID, Backend: b.Backend, Text: "changed: " + strings.Join(keys, ", ")})
	}
}

// changed names the keys of a route that say something else, stage and weight aside.
func (d *differences) changed(a, b *routetable.Entry) []string {
	var keys []string
	check := func(key string, same bool) {
		if !same {
			keys = append(keys, key)
		}
	}
	check("match", a.Pattern.String() == b.Pattern.String())
	check("when", a.When == b.When || a.When.String() == b.When.String())
	check("backend", a.Backend == b.Backend)
	check("owner", a.Owner == b.Owner)
	check("description", a.Description == b.Description)
	check("group", a.Group == b.Group)
	check("cohort", slices.Equal(a.Cohort, b.Cohort))
	check("force", a.Force == b.Force)
	check("identity", slices.Equal(a.Identity, b.Identity))
	check("policy", a.Policy == b.Policy && a.Mode == b.Mode && reflect.DeepEqual(a.Input, b.Input))
	check("paths", a.Paths == b.Paths)
	check("claims", slices.Equal(a.Claims, b.Claims))
	check("rewrite", a.Rewrite == b.Rewrite || reflect.DeepEqual(a.Rewrite, b.Rewrite))
	check("expires", a.Expires == b.Expires)
	check("resilience", d.sameResilience(a.Resilience, b.Resilience))
	return keys
}

func (d *differences) sameResilience(a, b *route.Resilience) bool {
	pair := [2]*route.Resilience{a, b}
	same, known := d.equal[pair]
	if !known {
		same = reflect.DeepEqual(a, b)
		d.equal[pair] = same
	}
	return same
}

// standing is stage and, at stage canary, weight.
func standing(e *routetable.Entry) string {
	if e.Stage == route.StageCanary {
		return e.Stage.String() + " " + percent(e.Weight)
	}
	return e.Stage.String()
}

func percent(weight int) string {
	return strconv.FormatFloat(float64(weight)/100, 'f', -1, 64) + " %"
}

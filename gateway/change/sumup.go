package change

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// sumUp makes one event of all those of a kind, in the order of kinds.
func sumUp(events []Event) (sums []Event) {
	of := map[Kind][]Event{}
	for _, e := range events {
		of[e.Kind] = append(of[e.Kind], e)
	}
	for _, kind := range Kinds {
		if len(of[kind]) > 0 {
			sums = append(sums, sum(of[kind]))
		}
	}
	return sums
}

// maxSummed bounds how many things a sum names.
const maxSummed = 3

// sum makes one event of several of one kind. It says of what most of them are how many
// there are, and of which routes.
func sum(events []Event) Event {
	if len(events) == 1 {
		return events[0]
	}
	e := Event{Kind: events[0].Kind, Count: len(events)}
	var same []group
	place := map[string]int{}
	for _, one := range events {
		i, ok := place[one.Text]
		if !ok {
			i, place[one.Text] = len(same), len(same)
			same = append(same, group{text: one.Text, first: one.Route})
		}
		same[i].count++
	}
	slices.SortStableFunc(same, func(a, b group) int { return cmp.Compare(b.count, a.count) })
	texts := make([]string, 0, maxSummed+1)
	for i, g := range same {
		if i == maxSummed {
			texts = append(texts, "and others")
			break
		}
		texts = append(texts, g.String())
	}
	e.Text = fmt.Sprintf("%d routes: %s", len(events), strings.Join(texts, "; "))
	return e
}

// group is events that say the same.
type group struct {
	text, first string
	count       int
}

func (g group) String() string {
	if g.count == 1 {
		return g.first + " " + g.text
	}
	return fmt.Sprintf("%s (%d, %s and others)", g.text, g.count, g.first)
}

package change

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// SumUp returns the events with one in the place of all those of a kind, where there are
// more than most of it. What is summed up stands at the end, in the order of kinds.
func SumUp(events []Event, most int) (kept []Event) {
	of := map[Kind][]Event{}
	for _, e := range events {
		of[e.Kind] = append(of[e.Kind], e)
	}
	for _, e := range events {
		if len(of[e.Kind]) <= most {
			kept = append(kept, e)
		}
	}
	for _, kind := range Kinds {
		if len(of[kind]) > most {
			kept = append(kept, sum(of[kind]))
		}
	}
	return kept
}

// maxSummed bounds how many things a sum names.
const maxSummed = 3

// sum makes one event of several of one kind. It says of what most of them are how many
// there are, and of which route or backend.
func sum(events []Event) Event {
	e := Event{Kind: events[0].Kind, Time: events[0].Time}
	var same []group
	place := map[string]int{}
	for _, one := range events {
		e.Count += one.Stands()
		for _, end := range []time.Time{one.Time, one.Until} {
			if end.After(e.Time) && end.After(e.Until) {
				e.Until = end
			}
		}
		i, ok := place[one.Text]
		if !ok {
			i, place[one.Text] = len(same), len(same)
			same = append(same, group{text: one.Text, first: one.Subject()})
		}
		same[i].count += one.Stands()
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
	noun := "times"
	if e.Kind.ofRoutes() {
		noun = "routes"
	}
	e.Text = fmt.Sprintf("%d %s: %s", e.Count, noun, strings.Join(texts, "; "))
	return e
}

// group is events that say the same.
type group struct {
	text, first string
	count       int
}

func (g group) String() string {
	switch {
	case g.count == 1 && g.first != "":
		return g.first + " " + g.text
	case g.count == 1 || g.first == "":
		return g.text
	}
	return fmt.Sprintf("%s (%d, %s and others)", g.text, g.count, g.first)
}

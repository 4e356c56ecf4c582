package plan

import (
	"fmt"
	"strings"
)

// traffic prints what the change does to observed requests.
func (p *printer) traffic(t *Traffic) {
	p.title(fmt.Sprintf("Traffic: %s in %s", count(int(t.Requests), "request"), t.Source))
	row := func(n float64, what string) { p.line("%s  %s", t.part(n), what) }
	row(float64(t.OtherRoute), "get another route")
	row(float64(t.Otherwise), "are treated differently, by another route or the same")
	row(t.ToNew, "go to the new side and did not before (expected)")
	row(t.ToLegacy, "go back to legacy (expected)")
	row(float64(t.DefaultNew), "no route takes; before "+thousands(float64(t.DefaultOld)))
	if t.Undecided > 0 {
		row(float64(t.Undecided), "may meet conditions that the log can't show, and are counted as if not")
	}
	for _, pair := range t.Pairs {
		row(float64(pair.Requests), fmt.Sprintf("%s -> %s", pair.From, pair.To))
		if sides := pair.sides(); sides != "" {
			p.line("%20s  => %s", "", sides)
		}
	}
	if t.BadLines > 0 {
		p.line("%10s  tell of no request:", count(int(t.BadLines), "line"))
		for _, b := range t.Bad {
			p.line("%10s  line %d: %s", "", b.Line, b.Why)
		}
	}
}

// part writes a number of requests and what part of all they are.
func (t *Traffic) part(n float64) string {
	return fmt.Sprintf("%10s %6.2f %%", thousands(n), 100*n/max(1, float64(t.Requests)))
}

// sides says how many requests of the pair are expected to change sides, if any are.
func (p *Pair) sides() string {
	var parts []string
	if p.ToNew > 0 {
		parts = append(parts, fmt.Sprintf("about %s to new", thousands(p.ToNew)))
	}
	if p.ToLegacy > 0 {
		parts = append(parts, fmt.Sprintf("about %s back to legacy", thousands(p.ToLegacy)))
	}
	return strings.Join(parts, ", ")
}

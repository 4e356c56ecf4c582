package console

import (
	"net/http"
	"strings"
	"time"

	"ficus/gateway/history"
	"ficus/gateway/route"
)

type progressData struct {
	Since    time.Time
	Routes   stack // by stage
	Traffic  stack // by stage of the route; what no route takes is a part of its own
	Now      history.Progress
	Total    int
	Requests int64
	Points   int
}

// RequestsAt returns the requests of all time at a stage, by its place; the last is what no
// route takes.
func (d *progressData) RequestsAt(stage int) string {
	if d.Traffic.Empty {
		return none
	}
	place := len(route.Stages) - 1 - stage // areas begin with the last stage
	if stage == len(route.Stages) {
		place = stage
	}
	return count(d.Traffic.Areas[place].Count)
}

// A stack is a chart of parts that lie on each other and are all of it together.
type stack struct {
	Title string
	Areas []area
	Along []tick
	Empty bool
}

type area struct {
	Name, Class string
	Path        string // in a plot of plotWidth × plotHeight
	Share       string // at the end
	Count       int64  // at the end, or in all
}

func (c *Console) progressPage(w http.ResponseWriter, r *http.Request) {
	list := c.History.Progress()
	d := progressData{Since: list[0].Time, Now: list[len(list)-1], Points: len(list)}
	for _, n := range d.Now.Routes {
		d.Total += n
	}
	for i := range list {
		d.Requests += list[i].Total()
	}
	d.Routes = stacked("Routes by stage", list, false)
	d.Traffic = stacked("Requests by stage of their route", list, true)
	c.show(w, r, "progress", "Progress", &d)
}

// stacked draws the parts of each point, the last stage at the bottom: what is done piles
// up from below.
func stacked(title string, list []history.Progress, traffic bool) stack {
	s := stack{Title: title, Empty: true}
	parts := make([][]float64, 0, len(list)) // of each point: by stage, then what no route takes
	var times []time.Time
	for i := range list {
		if p, total := partsOf(&list[i], traffic); total > 0 {
			for j := range p {
				p[j] /= total
			}
			parts, times = append(parts, p), append(times, list[i].Time)
		}
	}
	if len(parts) == 0 {
		return s
	}
	if len(parts) == 1 { // a point is seen only if it has some width
		parts, times = append(parts, parts[0]), append(times, times[0].Add(time.Minute))
	}
	s.Empty = false
	below := make([]float64, len(parts))
	for stage := len(route.Stages) - 1; stage >= 0; stage-- {
		s.Areas = append(s.Areas, newArea(route.Stages[stage].String(), stage, parts, times, below))
	}
	if traffic {
		s.Areas = append(s.Areas, newArea("no route", len(route.Stages), parts, times, below))
	}
	s.count(list, traffic)
	first, last := times[0], times[len(times)-1]
	for i := range 5 {
		s.Along = append(s.Along, tick{coordinate(float64(i) / 4 * plotWidth), dayText(first.Add(last.Sub(first)*time.Duration(i)/4), last.Sub(first))})
	}
	return s
}

func partsOf(p *history.Progress, traffic bool) (parts []float64, total float64) {
	parts = make([]float64, len(route.Stages)+1)
	for stage := range route.Stages {
		if traffic {
			parts[stage] = float64(p.Requests[stage])
		} else {
			parts[stage] = float64(p.Routes[stage])
		}
		total += parts[stage]
	}
	if traffic {
		parts[len(route.Stages)] = float64(p.NoRoute)
		total += float64(p.NoRoute)
	}
	return parts, total
}

// newArea draws one part on what lies below, to which it is added.
func newArea(name string, part int, parts [][]float64, times []time.Time, below []float64) area {
	span := max(1, times[len(times)-1].Sub(times[0]).Seconds())
	x := func(i int) string { return coordinate(times[i].Sub(times[0]).Seconds() / span * plotWidth) }
	y := func(share float64) string { return coordinate(plotHeight * (1 - share)) }
	var there, back strings.Builder
	for i := range parts {
		back.WriteString("L" + x(len(parts)-1-i) + " " + y(below[len(parts)-1-i]))
	}
	for i := range parts {
		below[i] += parts[i][part]
		there.WriteString(map[bool]string{true: "M", false: "L"}[i == 0] + x(i) + " " + y(below[i]))
	}
	last := parts[len(parts)-1][part]
	return area{Name: name, Class: strings.ReplaceAll(name, " ", "-"), Path: there.String() + back.String() + "Z", Share: short(last*100) + " %"}
}

// count fills in how many routes there are now, or how many requests there were in all.
func (s *stack) count(list []history.Progress, traffic bool) {
	for i := range s.Areas {
		stage := len(route.Stages) - 1 - i
		switch {
		case !traffic:
			s.Areas[i].Count = int64(list[len(list)-1].Routes[stage])
		case stage < 0: // what no route takes
			for j := range list {
				s.Areas[i].Count += list[j].NoRoute
			}
		default:
			for j := range list {
				s.Areas[i].Count += list[j].Requests[stage]
			}
		}
	}
}

// dayText writes a moment as exactly as the axis needs it.
func dayText(t time.Time, span time.Duration) string {
	switch {
	case span > 48*time.Hour:
		return t.Local().Format("2 Jan")
	case span > 10*time.Minute:
		return t.Local().Format("15:04")
	}
	return t.Local().Format("15:04:05")
}

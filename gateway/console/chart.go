package console

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A spark is a chart of the size of a word: both sides, without axes.
type spark struct{ Legacy, New string }

// Size of a spark, in its own units; templates repeat it.
const sparkWidth, sparkHeight = 96, 24

// newSpark draws two lines to one scale, whose top is at least floor.
func newSpark(legacy, new values, floor float64) spark {
	top := max(highest(legacy, new), floor)
	return spark{drawLine(legacy, sparkWidth, sparkHeight, top), drawLine(new, sparkWidth, sparkHeight, top)}
}

// drawLine returns the path of a line from the left to the right edge.
func drawLine(v values, width, height, top float64) string {
	var b strings.Builder
	pen := byte('M')
	for i, y := range v {
		if math.IsNaN(y) || top <= 0 {
			pen = 'M'
			continue
		}
		b.WriteByte(pen)
		b.WriteString(coordinate(float64(i) / float64(max(1, len(v)-1)) * width))
		b.WriteByte(' ')
		b.WriteString(coordinate(height - min(1, y/top)*height))
		if pen == 'M' {
			b.WriteString("h.01") // so that a single point shows
		}
		pen = 'L'
	}
	return b.String()
}

func coordinate(x float64) string { return strconv.FormatFloat(math.Round(x*10)/10, 'f', -1, 64) }

// A chart is a chart with axes. Times are equally spaced.
type chart struct {
	ID, Title, Note string
	Unit            string // "/s", "%" or "s"
	Lines           []line
	Down            []tick // at the left
	Along           []tick // at the bottom
	Values          string // for scripts: JSON
	Empty           bool
}

type line struct{ Name, Class, Path, Last string }

type tick struct{ At, Text string }

// Size of a chart's plot, in its own units; templates repeat it.
const plotWidth, plotHeight = 560, 150

// lineOf is what a chart shows as one line. Its class is its style: side and quantile.
type lineOf struct {
	name, class string
	values      values
}

// newChart draws lines to one scale, whose top is at least the one given. Times are when the
// first and the last value were.
func newChart(id, title, unit string, from, to time.Time, top float64, lines []lineOf) chart {
	for _, l := range lines {
		top = max(top, highest(l.values))
	}
	c := chart{ID: id, Title: title, Unit: unit, Empty: true}
	top = nice(max(top, map[string]float64{"/s": 1, "%": .01, "s": .01}[unit]))
	for _, l := range lines {
		c.Empty = c.Empty && len(l.values) == 0
		c.Lines = append(c.Lines, line{l.name, l.class, drawLine(l.values, plotWidth, plotHeight, top), last(l.values, unit)})
	}
	for i := range 5 {
		c.Down = append(c.Down, tick{coordinate(plotHeight - float64(i)/4*plotHeight), axisText(top*float64(i)/4, unit)})
	}
	for i := range 5 {
		at := from.Add(to.Sub(from) * time.Duration(i) / 4)
		c.Along = append(c.Along, tick{coordinate(float64(i) / 4 * plotWidth), at.Local().Format("15:04:05")})
	}
	c.Values = scriptValues(unit, from, to, lines)
	return c
}

// scriptValues is what a script needs to read values off the chart.
func scriptValues(unit string, from, to time.Time, lines []lineOf) string {
	type series struct {
		Name   string     `json:"name"`
		Values []*float64 `json:"values"`
	}
	data := struct {
		Unit   string   `json:"unit"`
		From   int64    `json:"from"`
		To     int64    `json:"to"`
		Series []series `json:"series"`
	}{unit, from.UnixMilli(), to.UnixMilli(), nil}
	for _, l := range lines {
		s := series{Name: l.name}
		for _, v := range l.values {
			if math.IsNaN(v) {
				s.Values = append(s.Values, nil)
				continue
			}
			rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
			s.Values = append(s.Values, &rounded)
		}
		data.Series = append(data.Series, s)
	}
	text, err := json.Marshal(data)
	if err != nil {
		return "null"
	}
	return string(text)
}

// nice is the next round number: 1, 2 or 5 with some zeros.
func nice(x float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(x)))
	for _, step := range []float64{1, 2, 4, 5, 10} {
		if x <= step*power*1.0001 {
			return step * power
		}
	}
	return 10 * power
}

func last(v values, unit string) string {
	if len(v) == 0 || math.IsNaN(v[len(v)-1]) {
		return none
	}
	return axisText(v[len(v)-1], unit)
}

// axisText writes a value with its unit.
func axisText(v float64, unit string) string {
	switch unit {
	case "%":
		return short(v*100) + " %"
	case "s":
		if v < 1 {
			return short(v*1000) + " ms"
		}
		return short(v) + " s"
	}
	return short(v) + " " + unit
}

func short(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v < 10:
		return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
	case v < 10_000:
		return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
	}
	return fmt.Sprintf("%.1fk", v/1000)
}

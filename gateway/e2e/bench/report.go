package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// report is the page that is written.
type report struct {
	Command, Machine string
	Rounds           int
	Turn             string
	Goals            []goal
	Works            []*standings
	Edited           []edited
	Crowded          []crowded
}

func number(f float64) string {
	switch {
	case f >= 100:
		return fmt.Sprintf("%.0f", f)
	case f >= 10:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.2f", f)
}

// Rows are the lines of a work's table, against the first contestant.
func (s *standings) Rows() string {
	var out strings.Builder
	base := s.labels[0]
	out.WriteString("| | CPU a request | ratio | load | requests/s | p50 | p99 | peak memory |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, label := range s.labels {
		failed := 0
		for _, f := range s.rounds[label] {
			failed += f.Failed
		}
		note := ""
		if failed > 0 {
			note = fmt.Sprintf(" (%d failed)", failed)
		}
		fmt.Fprintf(&out, "| %s%s | %s µs | %s | %s µs | %s | %s ms | %s ms | %s MiB |\n", label, note,
			number(s.middle(label, cpu)), number(s.ratio(label, base, cpu)), number(s.middle(label, loadCPU)), number(s.middle(label, rate)),
			number(s.middle(label, p50)), number(s.middle(label, p99)), number(s.middle(label, peak)))
	}
	for _, c := range s.work.contestants {
		if s.missing[c.label] != nil && c.label != before {
			fmt.Fprintf(&out, "\n%s was not installed.\n", c.label)
		}
	}
	return out.String()
}

// Title and Pace say what was done.
func (s *standings) Title() string { return s.work.title }

// Pace is where the latencies come from.
func (s *standings) Pace() string {
	if s.work.pace > 0 {
		return fmt.Sprintf("%d connections; p50 and p99 at %d requests a second.", s.work.order.Connections, s.work.pace)
	}
	return fmt.Sprintf("%d connections.", s.work.order.Connections)
}

// machine describes where it was measured, and what else that had to do.
func machine() string {
	model := "an unknown processor"
	for line := range strings.Lines(readFile("/proc/cpuinfo")) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	load, _, _ := strings.Cut(readFile("/proc/loadavg"), " ")
	return fmt.Sprintf("%d cores (%s), Linux, %s; load average before: %s", runtime.NumCPU(), model, runtime.Version(), load)
}

// readFile is what a file of the kernel says, "" where it says nothing.
func readFile(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(text)
}

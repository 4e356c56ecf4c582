package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

const (
	idleConnections   = 5000
	activeConnections = 500
)

// crowded is the memory that many connections take, in KiB for each, in fresh processes.
type crowded struct {
	Label string
	Each  []float64
}

// Middle is the median.
func (c crowded) Middle() float64 { return median(slices.Clone(c.Each)) }

// crowd measures peers in turns.
func (b *bench) crowd() ([]crowded, error) {
	var all []crowded
	for _, name := range []string{caddy, nginx, haproxy, skipper, before, ficus} {
		if _, err := b.program(name); err == nil && b.takesPart(name) {
			all = append(all, crowded{Label: name})
		}
	}
	for range min(b.rounds, 3) {
		for i := range all {
			each, err := b.crowdAt(all[i].Label)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", all[i].Label, err)
			}
			fmt.Fprintf(os.Stderr, "crowd %s %.1f KiB\n", all[i].Label, each)
			all[i].Each = append(all[i].Each, each)
		}
	}
	return all, nil
}

func (b *bench) crowdAt(name string) (float64, error) {
	p, err := b.begin(name, b.with(setup{}))
	if err != nil {
		return 0, err
	}
	defer p.stop()
	var r result
	few := order{Address: p.Listen, Paths: []string{"/"}, Connections: 1, Rate: 500, Warm: time.Second, For: time.Millisecond}
	if err := errors.Join(b.load.send(few), b.load.receive(&r), b.load.send(nil), b.load.receive(&r), b.load.send(nil)); err != nil {
		return 0, err
	}
	alone, _, err := p.memory()
	if err != nil {
		return 0, err
	}
	o := order{Address: p.Listen, Paths: []string{"/"}, Connections: activeConnections, Idle: idleConnections, Rate: 2000, Warm: 2 * time.Second, For: b.turnTime}
	if err := errors.Join(b.load.send(o), b.load.receive(&r), b.load.send(nil), b.load.receive(&r)); err != nil {
		return 0, err
	}
	if r.Failed > 0 {
		return 0, fmt.Errorf("%d requests failed: %s", r.Failed, r.Why)
	}
	full, _, err := p.memory()
	return float64(full-alone) / 1024 / (idleConnections + activeConnections), errors.Join(err, b.load.send(nil))
}

func crowdGoals(all []crowded) []goal {
	const work = "5,000 idle and 500 active connections"
	each := map[string]float64{}
	for i := range all {
		each[all[i].Label] = all[i].Middle()
	}
	if each[ficus] == 0 || each[caddy] == 0 {
		return nil
	}
	got := each[ficus] / each[caddy]
	return []goal{
		{work, "memory for each ≤ plain Caddy", number(got) + " ×", got <= 1},
		{work, "stretch: ≤ 0.85 ×", number(got) + " ×", got <= 0.85},
	}
}

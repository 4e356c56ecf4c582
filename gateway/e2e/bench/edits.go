package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

const (
	edits      = 50
	editEvery  = 200 * time.Millisecond
	editRoutes = 1000
	editPace   = 500 // requests a second meanwhile
)

// edited is what came of editing a table under load. Where there are several rounds, all but
// what failed are medians of them.
type edited struct {
	Label       string
	Failed      int
	Slow        time.Duration // the slowest request
	P99         time.Duration
	Effect, Max time.Duration // from the save of an edit to the first answer by it: median and most
	More        float64       // MiB of memory: the most, beside the most without edits
	CPU         float64       // ms for each edit, beside what the requests take
	Why         string
}

// editTables edits the tables of peers that can be edited, in turns. Each turn is that of a
// fresh process.
func (b *bench) editTables() ([]edited, error) {
	rounds, labels := map[string][]edited{}, []string(nil)
	for round := range min(b.rounds, 3) {
		for _, name := range []string{before, ficus, caddy, nginx, skipper} {
			if _, err := b.program(name); err != nil || !b.takesPart(name) {
				continue
			}
			e, err := b.editOne(name, round == 0)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			fmt.Fprintf(os.Stderr, "edits %+v\n", e)
			if round == 0 {
				labels = append(labels, name)
			}
			rounds[name] = append(rounds[name], e)
		}
	}
	var all []edited
	for _, name := range labels {
		all = append(all, middleOf(rounds[name]))
	}
	return all, nil
}

func middleOf(rounds []edited) edited {
	of := func(figure func(edited) float64) float64 {
		var all []float64
		for _, e := range rounds {
			all = append(all, figure(e))
		}
		return median(all)
	}
	took := func(figure func(edited) time.Duration) time.Duration {
		return time.Duration(of(func(e edited) float64 { return float64(figure(e)) }))
	}
	m := edited{
		Label: rounds[0].Label,
		Slow:  took(func(e edited) time.Duration { return e.Slow }), P99: took(func(e edited) time.Duration { return e.P99 }),
		Effect: took(func(e edited) time.Duration { return e.Effect }), Max: took(func(e edited) time.Duration { return e.Max }),
		More: of(func(e edited) float64 { return e.More }), CPU: of(func(e edited) float64 { return e.CPU }),
	}
	for _, e := range rounds {
		m.Failed += e.Failed
	}
	return m
}

// editOne edits the table of one peer.
func (b *bench) editOne(name string, profiled bool) (edited, error) {
	p, err := b.begin(name, b.with(setup{Routes: routes(editRoutes)}))
	if err != nil {
		return edited{}, err
	}
	defer p.stop()
	e, err := b.editUnderLoad(p)
	e.Label = name
	if err == nil && profiled {
		err = b.profileWhile("edits", name, p, 8*time.Second+edits*editEvery, func() error {
			_, err := b.editUnderLoad(p)
			return err
		})
	}
	return e, err
}

// editUnderLoad has requests go on, first alone, then while the table is edited. Before, as
// many as the peer can answer make its heap as large as such requests make it by themselves.
func (b *bench) editUnderLoad(p *proxy) (e edited, err error) {
	o := order{Address: p.Listen, Paths: paths(editRoutes)[1:], Connections: connections, For: 3 * time.Second}
	var alone figures
	if _, err := b.ask(o, p, &alone); err != nil {
		return e, err
	}
	o.Rate, o.For = editPace, 5*time.Second
	if err := p.forgetPeak(); err != nil {
		return e, err
	}
	if _, err := b.ask(o, p, &alone); err != nil {
		return e, err
	}
	_, rest, err := p.memory()
	used, err2 := p.cpu()
	var r result
	o.For = (edits + 5) * editEvery
	if err := errors.Join(err, err2, p.forgetPeak(), b.load.send(o), b.load.receive(&r), b.load.send(nil)); err != nil {
		return e, err
	}
	effects, err := b.edit(p)
	if err := errors.Join(err, b.load.receive(&r), b.load.send(nil)); err != nil {
		return e, err
	}
	_, most, err := p.memory()
	all, err2 := p.cpu()
	slices.Sort(effects)
	return edited{
		Failed: r.Failed, Slow: r.Max, P99: r.P99, Effect: effects[len(effects)/2], Max: effects[len(effects)-1],
		More: float64(most-rest) / (1 << 20), CPU: (ms(all-used) - alone.CPU/1000*float64(r.Requests)) / edits, Why: r.Why,
	}, errors.Join(err, err2)
}

// edit moves a route from one backend to the other and back, and finds out when each edit
// takes effect.
func (b *bench) edit(p *proxy) ([]time.Duration, error) {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	began := time.Now()
	var effects []time.Duration
	for i := range edits {
		time.Sleep(time.Until(began.Add(time.Duration(i) * editEvery)))
		p.Routes[0].Moved = i%2 == 0
		want := names[0]
		if p.Routes[0].Moved {
			want = names[1]
		}
		texts, err := p.texts()
		if err != nil {
			return nil, err
		}
		saved := time.Now()
		err = p.write(texts)
		if p.peer.reload != nil {
			err = errors.Join(err, p.peer.reload(p))
		}
		if err != nil {
			return nil, err
		}
		for !answersAs(client, "http://"+p.Listen+p.Routes[0].Path+"/1", want) {
			if time.Since(saved) > 30*time.Second {
				return nil, fmt.Errorf("edit %d has no effect", i)
			}
			time.Sleep(time.Millisecond)
		}
		effects = append(effects, time.Since(saved))
	}
	return effects, nil
}

// answersAs reports whether a backend of that name answers.
func answersAs(client *http.Client, url, name string) bool {
	response, err := client.Get(url)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return err == nil && strings.HasPrefix(string(text), name+" ")
}

func editGoals(all []edited) []goal {
	const work = "50 table edits at 500 requests/s, 1,000 routes"
	for _, e := range all {
		if e.Label != ficus {
			continue
		}
		return []goal{
			{work, "no failed request", fmt.Sprint(e.Failed), e.Failed == 0},
			{work, "none above 50 ms", number(ms(e.Slow)) + " ms", e.Slow <= 50*time.Millisecond},
			{work, "edit to effect ≤ 38 ms at the median", number(ms(e.Effect)) + " ms", e.Effect <= 38*time.Millisecond},
			{work, "stretch: ≤ 15 ms", number(ms(e.Effect)) + " ms", e.Effect <= 15*time.Millisecond},
			{work, "< 20 MB more memory", number(e.More) + " MiB", e.More < 20e6/(1<<20)},
		}
	}
	return nil
}

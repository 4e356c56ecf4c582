package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"
)

// A work is what proxies are compared at.
type work struct {
	name, title string
	contestants []contestant
	order       order
	pace        int  // requests a second at which latencies are taken; 0: not
	copies      bool // the other backend is to get copies
	goals       func(*standings) []goal
}

// contestant is a peer with a setup.
type contestant struct {
	label string
	peer  string
	setup setup
}

// figures are what one round found out of one contestant.
type figures struct {
	CPU      float64 // µs of the proxy's process for each request
	Rate     float64 // requests a second
	P50, P99 float64 // ms, at the pace
	Peak     float64 // MiB resident, the most in the round
	Copies   float64 // that the other backend got, for each request
	Failed   int
	Load     float64 // µs of load generator and backends for each request
}

// standings are the figures of all rounds, by contestant.
type standings struct {
	work    *work
	labels  []string // of those that took part
	rounds  map[string][]figures
	missing map[string]error
}

// contest has all contestants of a work do it in turns. Who has no turn is stopped, and so
// does not disturb.
func (b *bench) contest(w *work) (*standings, error) {
	s := &standings{work: w, rounds: map[string][]figures{}, missing: map[string]error{}}
	running := map[string]*proxy{}
	defer func() {
		for _, p := range running {
			p.stop()
		}
	}()
	for _, c := range w.contestants {
		if !b.takesPart(c.label) {
			continue
		}
		p, err := b.begin(c.peer, b.with(c.setup))
		if errors.Is(err, errMissing) {
			s.missing[c.label] = err
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.label, err)
		}
		running[c.label], s.labels = p, append(s.labels, c.label)
		p.signal(syscall.SIGSTOP)
	}
	for round := range b.rounds {
		order := slices.Clone(s.labels)
		if round%2 == 1 {
			slices.Reverse(order) // who follows whom must not matter
		}
		for _, label := range order {
			f, err := b.turn(w, running[label])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", label, err)
			}
			s.rounds[label] = append(s.rounds[label], f)
			fmt.Fprintf(os.Stderr, "%-10s %2d %-20s %7.1f µs %7.0f/s  p50 %6.2f  p99 %6.2f ms  %6.1f MiB  load %5.1f µs  failed %d\n",
				w.name, round, label, f.CPU, f.Rate, f.P50, f.P99, f.Peak, f.Load, f.Failed)
		}
	}
	for _, label := range s.labels {
		if err := b.profile(w, label, running[label]); err != nil {
			return nil, fmt.Errorf("%s: the profile: %w", label, err)
		}
	}
	return s, nil
}

// turn is one contestant's turn: as much as it can, then at a pace.
func (b *bench) turn(w *work, p *proxy) (f figures, err error) {
	p.signal(syscall.SIGCONT)
	defer p.signal(syscall.SIGSTOP)
	if err := p.forgetPeak(); err != nil {
		return f, err
	}
	o := w.order
	o.Address, o.Warm, o.For = p.Listen, b.turnTime/4, b.turnTime
	r, err := b.ask(o, p, &f)
	if err != nil {
		return f, err
	}
	f.Rate, f.Failed = float64(r.Requests)/r.Seconds, r.Failed
	if w.pace > 0 {
		var unused figures
		o.Rate, o.Warm, o.For = w.pace, b.turnTime/8, b.turnTime/2
		if r, err = b.ask(o, p, &unused); err != nil {
			return f, err
		}
		f.Failed += r.Failed
	}
	f.P50, f.P99 = ms(r.P50), ms(r.P99)
	_, peak, err := p.memory()
	f.Peak = float64(peak) / (1 << 20)
	return f, err
}

// ask has the load generator carry out an order, and takes the CPU time and the copies
// meanwhile.
func (b *bench) ask(o order, p *proxy, f *figures) (result, error) {
	var r result
	if err := errors.Join(b.load.send(o), b.load.receive(&r)); err != nil {
		return r, err
	}
	before, err := b.meters(p)
	if err != nil {
		return r, err
	}
	if err := errors.Join(b.load.send(nil), b.load.receive(&r)); err != nil {
		return r, err
	}
	after, err := b.meters(p)
	if err != nil {
		return r, err
	}
	if r.Requests == 0 {
		return r, fmt.Errorf("no request was answered: %s", r.Why)
	}
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(r.Requests) }
	f.CPU, f.Load = each(after.proxy-before.proxy), each(after.load-before.load)
	f.Copies = float64(after.served-before.served) / float64(r.Requests)
	return r, b.load.send(nil)
}

// meters are what is read before and after.
type meters struct {
	proxy, load time.Duration
	served      int64 // by the other backends
}

func (b *bench) meters(p *proxy) (m meters, err error) {
	if m.proxy, err = p.cpu(); err != nil {
		return m, err
	}
	for _, one := range append(b.backends[:], b.load) {
		used, err := one.cpu()
		if err != nil {
			return m, err
		}
		m.load += used
	}
	for _, one := range b.backends[1:] {
		var n int64
		if err := errors.Join(one.send(nil), one.receive(&n)); err != nil {
			return m, err
		}
		m.served += n
	}
	return m, nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// middle is the median of what is taken of each round.
func (s *standings) middle(label string, of func(figures) float64) float64 {
	var all []float64
	for _, f := range s.rounds[label] {
		all = append(all, of(f))
	}
	return median(all)
}

// ratio is the median of what is taken of each round, against that of another contestant in
// the same round.
func (s *standings) ratio(label, to string, of func(figures) float64) float64 {
	var all []float64
	for i, f := range s.rounds[label] {
		if i < len(s.rounds[to]) {
			all = append(all, of(f)/of(s.rounds[to][i]))
		}
	}
	return median(all)
}

func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	if n := len(all); n%2 == 0 {
		return (all[n/2-1] + all[n/2]) / 2
	}
	return all[len(all)/2]
}

func cpu(f figures) float64     { return f.CPU }
func rate(f figures) float64    { return f.Rate }
func p50(f figures) float64     { return f.P50 }
func p99(f figures) float64     { return f.P99 }
func peak(f figures) float64    { return f.Peak }
func copies(f figures) float64  { return f.Copies }
func loadCPU(f figures) float64 { return f.Load }

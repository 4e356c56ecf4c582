// Package main measures what requests cost the gateway, beside other proxies that do the
// same work, and writes docs/SPEED.md.
//
//	go run ./gateway/e2e/bench                        all works, ten to twenty minutes
//	go run ./gateway/e2e/bench -work plain -rounds 3  one of them
//
// It needs Linux, two cores and taskset. nginx, HAProxy and Skipper take part where they
// are installed. With -before another build of ficus takes part, too: so a change is
// measured against what was before it.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"time"

	_ "embed"
)

//go:embed speed.md
var page string

// names are those of the backends. The third one takes 200 ms.
var names = [...]string{"first", "second", "slow"}

// bench is one run of the program.
type bench struct {
	root, dir     string
	ficus, before string // programs
	rounds        int
	turnTime      time.Duration
	chosen        *regexp.Regexp
	peers         *regexp.Regexp

	load      *process
	backends  [len(names)]*process
	addresses [len(names)]string
	slow      string
	tokens    []string
	keys      string
	started   int
	profiles  string // folder for profiles; "": none are taken
}

func main() {
	var err error
	if len(os.Args) > 1 && (os.Args[1] == asLoad || os.Args[1] == asBackend) {
		err = child(os.Args[1:])
	} else {
		err = run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	b := &bench{}
	var works, peers, out string
	flag.StringVar(&works, "work", "", "only works whose name matches: plain, routes, policy, everything, shadow, down, up, edits, crowd")
	flag.StringVar(&peers, "peers", "", "only contestants whose name matches")
	flag.StringVar(&out, "out", "", "the page to write, such as docs/SPEED.md; default: standard output")
	flag.StringVar(&b.ficus, "ficus", "", "the program; default: it is built")
	flag.StringVar(&b.before, "before", "", "another build of it, to compare with")
	flag.StringVar(&b.profiles, "profiles", "", "a folder for profiles of Ficus and Caddy at each work, of CPU time and of allocations; default: none are taken")
	flag.IntVar(&b.rounds, "rounds", 9, "how often each has its turn")
	flag.DurationVar(&b.turnTime, "for", 2*time.Second, "how long a turn is")
	flag.Parse()
	if b.chosen, err = regexp.Compile(works); err == nil {
		b.peers, err = regexp.Compile(peers)
	}
	if err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "ficus-bench-"); err != nil {
		return err
	}
	defer func() {
		if err == nil { // what was written helps to find out what failed
			err = os.RemoveAll(b.dir)
		}
	}()
	defer b.stop()
	if err := b.prepare(); err != nil {
		return err
	}
	r, err := b.all()
	if err != nil {
		return err
	}
	return r.write(out)
}

// takesPart reports whether a contestant was asked for.
func (b *bench) takesPart(label string) bool { return b.peers.MatchString(label) }

// with fills in what all setups share.
func (b *bench) with(s setup) setup {
	s.Backend, s.Keys = b.addresses[0], b.keys
	if s.Other == "" {
		s.Other = b.addresses[1]
	}
	s.Routes = slices.Clone(s.Routes)
	return s
}

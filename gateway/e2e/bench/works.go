package main

// A goal is what a figure should be.
type goal struct {
	Work, Text string
	Figure     string
	Met        bool
}

const (
	many        = 10_000 // routes
	connections = 64
)

// works are those in which proxies take turns.
func (b *bench) works() []*work {
	asked := order{Paths: []string{"/"}, Connections: connections}
	elsewhere := order{Paths: paths(many), Connections: connections}
	who := order{Paths: paths(1000), Connections: connections, Tokens: b.tokens}
	table := routes(many)
	return []*work{
		{
			name: "plain", title: "Plain proxy, one route", order: asked, pace: 2000, goals: plainGoals,
			contestants: []contestant{
				{caddy, caddy, setup{}}, {"Caddy tuned", caddy, setup{Tuned: true}}, {nginx, nginx, setup{}}, {haproxy, haproxy, setup{}},
				{skipper, skipper, setup{}}, {before, before, setup{}}, {ficus, ficus, setup{}},
			},
		},
		{
			name: "routes", title: "10,000 routes", order: elsewhere, pace: 400, goals: routesGoals,
			contestants: []contestant{
				{"Ficus, one route", ficus, setup{}}, {ficus, ficus, setup{Routes: table}}, {caddy, caddy, setup{Routes: table}},
				{nginx, nginx, setup{Routes: table}}, {haproxy, haproxy, setup{Routes: table}}, {skipper, skipper, setup{Routes: table}},
			},
		},
		{
			name: "policy", title: "Verified token (RS256) and OPA decision", order: who, pace: 1000, goals: policyGoals,
			contestants: []contestant{
				{skipper, skipper, setup{Policy: "bench.orders"}}, {before, before, setup{Policy: "bench.orders"}}, {ficus, ficus, setup{Policy: "bench.orders"}},
			},
		},
		{
			name: "everything", title: "Everything on, against plain Caddy with nothing on", pace: 2000, goals: everythingGoals,
			order: order{Paths: paths(many), Connections: connections, Tokens: b.tokens},
			contestants: []contestant{
				{caddy, caddy, setup{}},
				{before, before, setup{Routes: table, Policy: "bench.orders", Everything: true}},
				{ficus, ficus, setup{Routes: table, Policy: "bench.orders", Everything: true}},
			},
		},
		{
			name: "shadow", title: "Shadow at 100 %, 1,000 requests a second", goals: shadowGoals,
			order: order{Paths: []string{"/"}, Connections: connections, Rate: 1000}, copies: true,
			contestants: []contestant{
				{caddy, caddy, setup{}}, {ficus, ficus, setup{}}, {"Ficus, shadow", ficus, setup{Shadow: true}},
				{"Ficus, slow shadow", ficus, setup{Shadow: true, Other: b.slow}},
			},
		},
		{
			name: "down", title: "10 MiB down", order: order{Paths: []string{bigPath}, Connections: 8}, goals: bodyGoals,
			contestants: []contestant{{caddy, caddy, setup{}}, {before, before, setup{}}, {ficus, ficus, setup{}}},
		},
		{
			name: "up", title: "10 MiB up", order: order{Method: "POST", Paths: []string{"/up"}, Body: bigBody, Connections: 8}, goals: bodyGoals,
			contestants: []contestant{{caddy, caddy, setup{}}, {before, before, setup{}}, {ficus, ficus, setup{}}},
		},
	}
}

// times is a goal for a ratio.
func times(s *standings, text, label, to string, of func(figures) float64, most float64) goal {
	got := s.ratio(label, to, of)
	return goal{Work: s.work.title, Text: text, Figure: number(got) + " ×", Met: got > 0 && got <= most}
}

func plainGoals(s *standings) []goal {
	return []goal{times(s, "CPU ≤ 0.60 × plain Caddy", ficus, caddy, cpu, 0.60), times(s, "stretch: CPU ≤ 0.48 ×", ficus, caddy, cpu, 0.48)}
}

func routesGoals(s *standings) []goal {
	return []goal{times(s, "CPU ≤ 1.03 × own plain proxy", ficus, "Ficus, one route", cpu, 1.03)}
}

func policyGoals(s *standings) []goal {
	if len(s.rounds[skipper]) == 0 {
		return []goal{{Work: s.work.title, Text: "CPU ≤ 0.33 × Skipper with embedded OPA", Figure: "Skipper is not installed"}}
	}
	return []goal{times(s, "CPU ≤ 0.33 × Skipper with embedded OPA", ficus, skipper, cpu, 0.33), times(s, "stretch: CPU ≤ 0.25 ×", ficus, skipper, cpu, 0.25)}
}

func everythingGoals(s *standings) []goal {
	return []goal{times(s, "CPU ≤ 0.90 × plain Caddy", ficus, caddy, cpu, 0.90), times(s, "stretch: CPU ≤ 0.70 ×", ficus, caddy, cpu, 0.70)}
}

func shadowGoals(s *standings) []goal {
	more := s.middle("Ficus, slow shadow", peak) - s.middle(ficus, peak)
	all := []goal{
		times(s, "CPU ≤ 1.2 × plain Caddy without a mirror", "Ficus, shadow", caddy, cpu, 1.2),
		times(s, "with a shadow that takes 200 ms: live median ≤ 1.05 × without a shadow", "Ficus, slow shadow", ficus, p50, 1.05),
		{Work: s.work.title, Text: "with a shadow that takes 200 ms: < 50 MB more memory", Figure: number(more) + " MiB", Met: more < 50e6/(1<<20)},
	}
	for _, label := range []string{"Ficus, shadow", "Ficus, slow shadow"} {
		got := s.middle(label, copies)
		all = append(all, goal{Work: s.work.title, Text: label + ": a copy of each request is sent", Figure: number(got), Met: got > 0.99})
	}
	return all
}

func bodyGoals(s *standings) []goal {
	got := s.ratio(ficus, caddy, rate)
	return []goal{
		{Work: s.work.title, Text: "rate ≥ plain Caddy", Figure: number(got) + " ×", Met: got >= 1},
		{Work: s.work.title, Text: "stretch: rate ≥ 1.15 ×", Figure: number(got) + " ×", Met: got >= 1.15},
		times(s, "peak memory ≤ plain Caddy", ficus, caddy, peak, 1),
	}
}

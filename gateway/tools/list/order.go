package list

import (
	"cmp"
	"strings"
)

// Orders are the orders that a list can have, the usual one first.
var Orders = []string{"id", "match", "stage", "owner", "file"}

// orders compare two routes; of equal ones that with the smaller id comes first.
var orders = map[string]func(a, b *Route) int{
	"id": func(*Route, *Route) int { return 0 },
	"match": func(a, b *Route) int {
		hostA, pathA, methodA := split(a.Match)
		hostB, pathB, methodB := split(b.Match)
		return cmp.Or(cmp.Compare(hostA, hostB), cmp.Compare(pathA, pathB), cmp.Compare(methodA, methodB), cmp.Compare(a.When, b.When))
	},
	"stage": func(a, b *Route) int {
		return cmp.Or(cmp.Compare(a.Stage, b.Stage), cmp.Compare(weight(a), weight(b)))
	},
	"owner": func(a, b *Route) int { // who has none comes last
		return cmp.Or(cmp.Compare(len(b.Owner), 0)-cmp.Compare(len(a.Owner), 0), cmp.Compare(a.Owner, b.Owner))
	},
	"file": func(a, b *Route) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	},
}

// split takes "[METHOD ][HOST]/PATH" apart. The host is lower case and turned, so that
// those of one domain stand together: "example.shop.*".
func split(match string) (host, path, method string) {
	target := match
	if i := strings.LastIndexAny(match, " \t"); i >= 0 {
		method, target = strings.TrimRight(match[:i], " \t"), match[i+1:]
	}
	i := strings.IndexByte(target, '/')
	labels := strings.Split(strings.ToLower(target[:i]), ".")
	for from, to := 0, len(labels)-1; from < to; from, to = from+1, to-1 {
		labels[from], labels[to] = labels[to], labels[from]
	}
	return strings.Join(labels, "."), target[i:], method
}

func weight(r *Route) float64 {
	if r.Weight == nil {
		return 0
	}
	return *r.Weight
}

package export

import (
	"cmp"

	"ficus/gateway/routetable"
)

// checkOrder compares who wins by the Gateway API with who does by the table, whose
// favourites come first among the rules.
func (w gatewayWriter) checkOrder(rules []*rule) {
	for i, first := range rules {
		for _, second := range rules[i+1:] {
			w.checkPair(first, second, pathMatchOf(first), pathMatchOf(second))
		}
	}
}

// checkPair compares two rules, as they ask for the path.
func (w gatewayWriter) checkPair(first, second *rule, a, b pathMatch) {
	if !overlap(first, second) || sameShares(first, second) {
		return
	}
	switch prefers := gatewayPrefers(first, second, a, b); {
	case prefers < 0:
		w.lose(first, CodeOrder, "it does not win over %s any more: the Gateway API prefers that", second.ID)
	case prefers == 0:
		w.lose(first, CodeOrder, "whether it wins over %s is up to the implementation: one of the two is a regular expression", second.ID)
	}
}

// overlap reports whether some request to a host of the scope matches both.
func overlap(a, b *rule) bool {
	without := func(r *rule) *routetable.Entry {
		e := *r.Entry
		e.Pattern = withoutHost(r)
		return &e
	}
	return routetable.Overlap(without(a), without(b))
}

// sameShares reports whether it makes no difference who of two wins.
func sameShares(a, b *rule) bool {
	if len(a.shares) > 1 || len(b.shares) > 1 || a.shares[0].backend != b.shares[0].backend {
		return false
	}
	return a.shares[0].rewrite.IsZero() && b.shares[0].rewrite.IsZero()
}

// gatewayPrefers is positive where the Gateway API surely takes the first of two rules
// that stand in this order, negative where it surely takes the second, and 0 where it
// leaves that open.
func gatewayPrefers(first, second *rule, a, b pathMatch) int {
	all := pathMatch{typedValue{pathPrefix, "/"}, ""}
	switch {
	case a.Type == exact && b.Type != exact:
		return 1
	case a.Type != exact && b.Type == exact:
		return -1
	case a.Type == expression && b == all:
		return 1 // else no expression would ever match
	case a == all && b.Type == expression:
		return -1
	case a.Type == expression || b.Type == expression:
		if a == b {
			break
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(len(a.Value), len(b.Value)),
		cmp.Compare(min(1, len(first.Pattern.Method())), min(1, len(second.Pattern.Method()))),
		cmp.Compare(headerCount(first), headerCount(second)),
		cmp.Compare(len(first.when.Query), len(second.when.Query)),
		1, // the order of the rules
	)
}

func headerCount(r *rule) int {
	n := len(r.when.Header) + len(r.when.Cookie)
	if mediaRegexp(r.when.ContentType) != "" {
		n++
	}
	return n
}

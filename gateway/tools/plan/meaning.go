package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ficus/gateway/route"
)

// meaning says in words what it means for requests that route b treats them as of now,
// as a did before. It is empty where they can't tell.
func meaning(a, b *unit) []string {
	words := slices.Concat(sidesMeaning(a, b), backendMeaning(a, b), policyMeaning(a, b), forceMeaning(a, b), rewriteMeaning(a, b))
	return append(words, resilienceMeaning(a, b)...)
}

func sidesMeaning(a, b *unit) []string {
	m := moveOf(a, b)
	var words []string
	switch {
	case m.toNew == 1:
		words = []string{"moved to the new side: all clients"}
	case m.toLegacy == 1:
		words = []string{"moved back to legacy: all clients"}
	case m.dealt:
		words = []string{fmt.Sprintf("%s clients anew: about %s move to new, about %s back to legacy",
			dealtBy(a, b), percent(m.toNew), percent(m.toLegacy))}
	case m.toNew > 0:
		words = []string{percent(m.toNew) + " of the clients move to new, none back"}
	case m.toLegacy > 0:
		words = []string{percent(m.toLegacy) + " of the clients move back to legacy, none to new"}
	case a.written.Stage != b.written.Stage:
		words = []string{"no client changes sides"}
	}
	was, is := a.written.Stage, b.written.Stage
	switch {
	case was == route.StageCanary && !is.CallsLegacy() && m.toNew < 1 && stray(a) != nil:
		words = append(words, "requests without "+sources(stray(a))+" move to new too")
	case is == route.StageCanary && !was.CallsLegacy() && m.toLegacy < 1 && stray(b) != nil:
		words = append(words, "requests without "+sources(stray(b))+" move back to legacy")
	}
	switch {
	case is == route.StageRetired && was != is:
		words = append(words, "legacy is never called again")
	case was == route.StageRetired && was != is:
		words = append(words, "legacy may be called again")
	}
	return words
}

// dealtBy names what made clients be dealt anew.
func dealtBy(a, b *unit) string {
	if a.entry.Group != b.entry.Group {
		return "another group deals"
	}
	return "other cohort sources deal"
}

func backendMeaning(a, b *unit) []string {
	m := moveOf(a, b)
	stay := newShare(a.written) - m.toLegacy
	switch {
	case stay <= 0 || a.written.Backend == b.written.Backend:
		return nil
	case stay == 1:
		return []string{fmt.Sprintf("all clients get %s instead of %s", b.written.Backend, a.written.Backend)}
	}
	return []string{fmt.Sprintf("the %s that stay on the new side get %s instead of %s", percent(stay), b.written.Backend, a.written.Backend)}
}

func policyMeaning(a, b *unit) []string {
	was, is := a.written.Policy, b.written.Policy
	switch {
	case was == is || everybody(was) && everybody(is):
		return nil
	case everybody(is):
		return []string{"policy loosened: everybody may, before " + was + " decided"}
	case everybody(was):
		return []string{"policy tightened: " + is + " decides, before everybody could"}
	}
	return []string{"policy changed: " + is + " decides, before " + was + " did"}
}

func forceMeaning(a, b *unit) []string {
	force := func(u *unit) route.Force {
		if u.written.Stage != route.StageCanary {
			return route.ForceOff
		}
		return u.written.Force
	}
	switch was, is := force(a), force(b); {
	case was == is:
		return nil
	case is == route.ForceOff:
		return []string{"nobody may choose the side any more"}
	default:
		return []string{"who holds a signed token may choose the side"}
	}
}

func rewriteMeaning(a, b *unit) []string {
	var words []string
	list := changes(a.treatment(), b.treatment())
	for _, side := range route.Sides {
		prefix := "rewrite." + side.String() + "."
		if slices.ContainsFunc(list, func(c Change) bool { return strings.HasPrefix(c.Property, prefix) }) {
			words = append(words, "requests to "+side.String()+" are rewritten differently")
		}
	}
	return words
}

func sources(list []route.Source) string {
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = s.String()
	}
	return strings.Join(texts, " or ")
}

// percent writes a part of the whole, with up to two decimals.
func percent(part float64) string { return number(part*100) + " %" }

func number(x float64) string {
	text := strconv.FormatFloat(x, 'f', 2, 64)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

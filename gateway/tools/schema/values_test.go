package schema

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

type object = map[string]any

// value is a key with the checker's own word about a text, and a document that holds it
// there.
type value struct {
	name    string
	exactly bool // the schema refuses all that the checker refuses
	good    func(text string) bool
	doc     func(text string) object
}

var values = []value{
	{"id", true,
		func(s string) bool { return sound(route.Definition{ID: s, Match: "/a"}) },
		func(s string) object { return inRoute("id", s) }},
	{"match", false,
		func(s string) bool { return sound(route.Definition{ID: "a", Match: s}) },
		func(s string) object { return inRoute("match", s) }},
	{"group", true,
		func(s string) bool {
			return sound(route.Definition{ID: "a", Match: "/a", Settings: route.Settings{Group: s}})
		},
		func(s string) object { return inRoute("group", s) }},
	{"policy", true,
		func(s string) bool {
			return sound(route.Definition{ID: "a", Match: "/a", Settings: route.Settings{Policy: s}})
		},
		func(s string) object { return inRoute("policy", s) }},
	{"cohort", true,
		func(s string) bool {
			var source route.Source
			return source.UnmarshalText([]byte(s)) == nil &&
				sound(route.Definition{ID: "a", Match: "/a", Settings: route.Settings{Cohort: []route.Source{source}}})
		},
		func(s string) object { return inRoute("cohort", []any{s}) }},
	{"expires", true,
		func(s string) bool { return new(route.Date).UnmarshalText([]byte(s)) == nil },
		func(s string) object { return inRoute("expires", s) }},
	{"stage", true,
		func(s string) bool { return new(route.Stage).UnmarshalText([]byte(s)) == nil },
		func(s string) object { return inRoute("stage", s) }},
	{"cookie wanted", true,
		func(s string) bool { return new(route.Wanted).UnmarshalText([]byte(s)) == nil },
		func(s string) object { return inRoute("when", object{"cookie": object{"a": s}}) }},
	{"header name", true,
		func(s string) bool { return sound(withWhen(route.Conditions{Header: map[string]route.Wanted{s: "*"}})) },
		func(s string) object { return inRoute("when", object{"header": object{s: "*"}}) }},
	{"cookie name", true,
		func(s string) bool { return sound(withWhen(route.Conditions{Cookie: map[string]route.Wanted{s: "*"}})) },
		func(s string) object { return inRoute("when", object{"cookie": object{s: "*"}}) }},
	{"content_type", false,
		func(s string) bool {
			return new(route.Wanted).UnmarshalText([]byte(s)) == nil && sound(withWhen(route.Conditions{ContentType: route.Wanted(s)}))
		},
		func(s string) object { return inRoute("when", object{"content_type": s}) }},
	{"graphql field", true,
		func(s string) bool {
			return sound(withWhen(route.Conditions{GraphQL: route.GraphQL{Fields: []string{s}}}))
		},
		func(s string) object { return inRoute("when", object{"graphql": object{"fields": []any{s}}}) }},
	{"path", false,
		func(s string) bool { return sound(withRewrite(route.SideRewrite{Path: s})) },
		func(s string) object { return inRoute("rewrite", object{"new": object{"path": s}}) }},
	{"add_prefix", false,
		func(s string) bool { return sound(withRewrite(route.SideRewrite{AddPrefix: s})) },
		func(s string) object { return inRoute("rewrite", object{"new": object{"add_prefix": s}}) }},
	{"address", false,
		func(s string) bool {
			return len(routetable.CheckBackend(&route.Backend{Name: "a", Addresses: []string{s}})) == 0
		},
		func(s string) object { return object{"backends": object{"a": object{"addresses": []any{s}}}} }},
	{"backend", true,
		func(s string) bool {
			return len(routetable.CheckBackend(&route.Backend{Name: s, Addresses: []string{"http://a"}})) == 0
		},
		func(s string) object { return object{"backends": object{s: object{"addresses": []any{"http://a"}}}} }},
}

func sound(d route.Definition) bool { return len(routetable.CheckDefinition(&d)) == 0 }

func withWhen(when route.Conditions) route.Definition {
	return route.Definition{ID: "a", Match: "/a", When: when}
}

func withRewrite(r route.SideRewrite) route.Definition {
	return route.Definition{ID: "a", Match: "/a/{id}/{rest...}", Settings: route.Settings{Rewrite: route.Rewrite{New: r}}}
}

func inRoute(key string, value any) object {
	r := object{"id": "a", "match": "/a"}
	r[key] = value
	return object{"routes": []any{r}}
}

var fragments = []string{
	"a", "Z", "7", "-", "_", ".", "*", ":", "@", "?", "#", " ", "\t", "\n", "%", "%2F", "%zz", "{", "}", "/", "//", "..", "é", "",
	"GET ", "POST\t", "get ", "*.", "shop.example", "/a", "/{id}", "/{rest...}", "/{$}", "default", "client_ip", "cookie:", "header:", "claim:",
	"2027", "-02", "-30", "2028-02-29", "2027-02-29", "legacy", "new", "Host", "image/*", "application/json", "; q", "http://", "HTTPS://", "http://a",
	"127.0.0.1", "[::1]", ":80", ":99999", "user@", strings.Repeat("x", 64),
}

// What the checker takes, the schema takes; for most keys the other way round too.
func TestValues(t *testing.T) {
	s := compiled(t)
	texts := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(fragments), 0, 5).Draw(t, "fragments"), "")
	})
	try := func(t interface{ Fatalf(string, ...any) }, v value, text string) (taken bool) {
		good, valid := v.good(text), s.Validate(v.doc(text)) == nil
		if good && !valid || v.exactly && valid && !good {
			t.Fatalf("%s: %q is valid: %v, the checker says %v", v.name, text, valid, good)
		}
		return valid
	}
	rapid.Check(t, func(t *rapid.T) {
		text := texts.Draw(t, "text")
		for _, v := range values {
			try(t, v, text)
		}
	})
	for _, v := range values { // each alone, so that no key goes untried
		taken := 0
		for _, text := range fragments {
			if try(t, v, text) {
				taken++
			}
		}
		if taken == len(fragments) || taken == 0 && !v.exactly {
			t.Errorf("%s: %d of %d taken", v.name, taken, len(fragments))
		}
	}
}

func TestWeight(t *testing.T) {
	s := compiled(t)
	for weight, want := range map[float64]bool{0: true, 12.34: true, 100: true, -0.01: false, 100.01: false} {
		if valid := s.Validate(inRoute("weight", weight)) == nil; valid != want {
			t.Errorf("weight %v is valid: %v", weight, valid)
		}
	}
}

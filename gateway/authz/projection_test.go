package authz

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/open-policy-agent/opa/v1/ast"
	"pgregory.net/rapid"
)

// winding are bodies of policies that read their input in roundabout ways, by what the
// projection must find. Each is a package of its own name.
var winding = map[string]struct{ rules, reads string }{
	"plain":     {`allow if input.method == "GET"`, "method pure=true"},
	"constant":  {`allow := true`, " pure=true"},
	"unknown":   {`allow if not input.nonsense`, " pure=true"},
	"deep":      {`allow if input.body.a.b == "x"`, "body.a pure=true"},
	"index":     {`allow if input.segments[0] == "x"`, "segments pure=true"},
	"alias":     {"allow if {\n\tp := input.principal\n\tp.claims.role == \"x\"\n}", "principal.anonymous principal.id principal.source principal.claims pure=true"},
	"bare":      {"allow if {\n\ti := input\n\ti.method == \"x\"\n}", "*"},
	"key":       {`allow if input.params[input.method] == "x"`, "method params pure=true"},
	"dashes":    {`allow if input.headers["x-a"][0] == "x"`, "headers.x-a pure=true"},
	"dynamic":   {`allow if input[input.method] == "x"`, "*"},
	"get":       {`allow if object.get(input, ["params", "a"], "") == "x"`, "*"},
	"getparams": {`allow if object.get(input.params, "a", "") == "x"`, "params pure=true"},
	"walks":     {"allow if {\n\twalk(input, [_, v])\n\tv == \"y\"\n}", "*"},
	"some_":     {`allow if "x" in input.principal.claims.roles`, "principal.claims.roles pure=true"},
	"every_":    {`allow if every k, v in input.params { v == input.principal.id; k != "b" }`, "params principal.id pure=true"},
	"function":  {"allow if own(input.params)\nown(p) if p.a == input.principal.id", "params principal.id pure=true"},
	"else_":     {"allow if {\n\tinput.method == \"GET\"\n} else := false if {\n\tinput.host == \"x\"\n} else := true if input.client_ip == \"y\"", "method host client_ip pure=true"},
	"comp":      {`allow if count([1 | some k; input.params[k] == input.host]) > 0`, "host params pure=true"},
	"set":       {`allow if {x | x := input.params[_]} == {"x"}`, "params pure=true"},
	"partial":   {"allow if \"x\" in names\nnames contains input.params.a\nnames contains input.host if input.method == \"GET\"", "method host params.a pure=true"},
	"rulekey":   {"allow if table.GET\ntable[input.method] := true", "method pure=true"},
	"refhead":   {"allow if by.GET.x\nby[input.method][input.host] := true", "method host pure=true"},
	"default_":  {"default allow := false\nallow if not input.params.a", "params.a pure=true"},
	"negated":   {`allow if not input.body`, "body pure=true"},
	"state":     {`allow if input.body_state == "whole"`, "body_state pure=true"},
	"with_":     {"allow if helper with input.method as \"GET\"\nhelper if input.method == input.host", "method host pure=true"},
	"within":    {"allow if helper with input as {\"method\": input.host}\nhelper if input.method == \"x\"", "*"},
	"whole":     {`allow if input.principal == {"anonymous": true, "id": "", "source": "", "claims": {}}`, "principal.anonymous principal.id principal.source principal.claims pure=true"},
	"unused":    {"allow if _ = input.params.a", "params.a pure=true"},
	"other":     {"allow if data.shop.visitor.admin", "principal.anonymous principal.claims.role pure=true"},
	"looked":    {"allow if data.lib[input.method]", "method host pure=true"},
	"object_":   {`decision := {"allow": input.method == "GET", "reason": input.host}`, "method host pure=true"},
	"clock":     {`allow if time.now_ns() > 0`, " pure=false"},
	"deepclock": {"allow if late(1)\nlate(x) if time.now_ns() > x", " pure=false"},
	"mocked":    {"allow if fixed with abs as drawn\ndrawn(n) := rand.intn(\"a\", n)\nfixed if abs(2) > 0", " pure=false"},
	"chance":    {`allow if rand.intn("a", 2) == 1`, " pure=false"},
	"interpol":  {`allow if sprintf("%s", [input.host]) == "x"`, "host pure=true"},
	"loose":     {`allow if [input.host, input.method] == ["x", "GET"]`, "method host pure=true"},
	"joined":    {"allow if {\n\tsome k\n\tinput.params[k] == \"x\"\n\tinput.principal.claims[k] == \"x\"\n}", "params principal.claims pure=true"},
	"typeof":    {`allow if is_object(input.principal.claims)`, "principal.claims pure=true"},
}

func windingSet(t testing.TB) *Set {
	t.Helper()
	files := map[string]string{"lib.rego": "package lib\nGET if input.host == \"x\"\nPOST := true\n"}
	for name, w := range winding {
		files[name+".rego"] = "package w." + name + "\n" + w.rules + "\n"
	}
	shipped := os.DirFS("../../routes/policies")
	for _, name := range []string{"visitor", "browse", "cart", "account", "orders", "admin", "checkout"} {
		text, err := readFile(shipped, name+".rego")
		if err != nil {
			t.Fatal(err)
		}
		files["shop_"+name+".rego"] = string(text)
	}
	return load(t, files)
}

func TestProjection(t *testing.T) {
	set := windingSet(t)
	whole := everything.String()
	for name, w := range winding {
		want := w.reads
		if want == "*" {
			want = whole
		}
		if got := set.policies["w."+name].reads.String(); got != want {
			t.Errorf("%s reads %q, want %q\n%s", name, got, want, w.rules)
		}
	}
}

var texts = rapid.SampledFrom([]string{"", "x", "y", "GET", "POST", "/api/x", "admin", "customer", "method"})

func genInput(t *rapid.T, label string) *Input {
	text := func(what string) string { return texts.Draw(t, label+" "+what) }
	names := rapid.SampledFrom([]string{"a", "b", "id", "customer", "x", "GET", "x-a"})
	in := &Input{
		Method: text("method"), Host: text("host"), Path: text("path"), Route: text("route"), Group: text("group"), Stage: text("stage"), Side: text("side"),
		ClientIP: text("ip"), Segments: rapid.SliceOfN(texts, 0, 2).Draw(t, label+" segments"),
		Params:  rapid.MapOfN(names, texts, 0, 3).Draw(t, label+" params"),
		Headers: rapid.MapOfN(names, rapid.SliceOfN(texts, 0, 2), 0, 2).Draw(t, label+" headers"),
		Principal: Principal{
			Anonymous: rapid.Bool().Draw(t, label+" anonymous"), ID: text("id"), Source: text("source"),
			Claims: rapid.MapOfN(rapid.SampledFrom([]string{"role", "roles", "a", "x", "auth_time"}), genJSON(1), 0, 4).Draw(t, label+" claims"),
		},
		BodyState: rapid.SampledFrom([]BodyState{BodyNotAsked, BodyWhole, BodyEmpty}).Draw(t, label+" state"),
	}
	if in.BodyState == BodyWhole {
		in.Body = genJSON(2).Draw(t, label+" body")
	}
	return in
}

func genJSON(depth int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{
		texts.AsAny(), rapid.Bool().AsAny(), rapid.Just[any](nil), rapid.SampledFrom([]float64{0, 1, -1, 1e9, 0.5}).AsAny(),
		rapid.SampledFrom([]json.Number{"1", "1.0", "17e3"}).AsAny(),
	}
	if depth > 0 {
		leaves = append(leaves,
			rapid.SliceOfN(genJSON(depth-1), 0, 2).AsAny(),
			rapid.MapOfN(rapid.SampledFrom([]string{"a", "b"}), genJSON(depth-1), 0, 2).AsAny())
	}
	return rapid.OneOf(leaves...)
}

// overlaid is an input that is one in all that a policy reads, and another in the rest.
func overlaid(another, one ast.Object, parts []*part) ast.Object {
	result := another.Copy()
	for _, p := range parts {
		v := one.Get(p.key)
		if v == nil {
			result = without(result, p.key)
			continue
		}
		inner, isObject := v.Value.(ast.Object)
		below, alsoObject := ast.Object(nil), false
		if b := result.Get(p.key); b != nil {
			below, alsoObject = b.Value.(ast.Object)
		}
		switch {
		case p.of == nil:
			v = ast.NewTerm(overlaid(below, inner, p.parts))
		case p.members != nil && isObject && alsoObject:
			for _, m := range p.members {
				below = without(below, m.key)
				if value := inner.Get(m.key); value != nil {
					below.Insert(m.key, value)
				}
			}
			v = ast.NewTerm(below)
		}
		result = without(result, p.key)
		result.Insert(p.key, v)
	}
	return result
}

func without(o ast.Object, key *ast.Term) ast.Object {
	return o.Diff(ast.NewObject([2]*ast.Term{key, key}))
}

// put asks a question, with more time than it takes.
func put(q *question, input ast.Value) (ast.Value, error) {
	now := time.Now()
	return q.put(context.Background(), &asking{input: input, at: now, end: deadline{started: now, budget: time.Minute}, known: new(results)})
}

// asked is what a policy says of a whole input.
func asked(t *rapid.T, p *policy, input ast.Value) Decision {
	answer, err := put(p.question, input)
	switch {
	case err != nil:
		return deny(Failed, "")
	case answer == nil:
		return deny(Undefined, "")
	}
	return readAnswer(answer)
}

var sameDecision = cmpopts.IgnoreFields(Decision{}, "Took", "Reason")

// What lies outside of the projection never changes a decision, and one that is kept is
// the one that would be made.
func TestProjectionIsAllThatCounts(t *testing.T) {
	set := windingSet(t)
	var names []string
	for _, name := range set.Names() {
		if strings.HasPrefix(name, "shop.") || set.policies[name].reads.pure {
			names = append(names, name)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		one, another := genInput(t, "one"), genInput(t, "another")
		name := rapid.SampledFrom(names).Draw(t, "policy")
		p := set.policies[name]
		first, err := build(vocabulary, one)
		if err != nil {
			t.Fatal(err)
		}
		second, err := build(vocabulary, another)
		if err != nil {
			t.Fatal(err)
		}
		want := asked(t, p, first)
		if diff := cmp.Diff(want, asked(t, p, overlaid(second, first, p.reads.parts)), sameDecision); diff != "" {
			t.Fatalf("%s reads more than %v\n%s\n%v\n%v", name, p.reads, diff, first, second)
		}
		if p.body && one.BodyState == BodyNotAsked {
			want = deny(Unseen, "")
		}
		if diff := cmp.Diff(want, set.Decide(context.Background(), name, one), sameDecision); diff != "" {
			t.Fatalf("%s decides otherwise by its projection %v\n%s\n%v", name, p.reads, diff, first)
		}
	})
}

// Inputs that differ in what is read have different keys, and only they.
func TestKeyIsTheProjection(t *testing.T) {
	set := windingSet(t)
	names := slices.DeleteFunc(set.Names(), func(name string) bool { return !set.policies[name].reads.pure })
	rapid.Check(t, func(t *rapid.T) {
		one, another := genInput(t, "one"), genInput(t, "another")
		parts := set.policies[rapid.SampledFrom(names).Draw(t, "policy")].reads.parts
		first, err1 := build(parts, one)
		second, err2 := build(parts, another)
		k1, ok1 := appendKey(nil, parts, one)
		k2, ok2 := appendKey(nil, parts, another)
		if err1 != nil || err2 != nil || !ok1 || !ok2 {
			t.Fatal(err1, err2, ok1, ok2)
		}
		if string(k1) == string(k2) && first.Compare(second) != 0 {
			t.Fatalf("one key %q of\n%v\n%v", k1, first, second)
		}
		k3, _ := appendKey(nil, parts, cloned(one))
		if string(k1) != string(k3) {
			t.Fatalf("two keys of one input: %q, %q", k1, k3)
		}
	})
}

func cloned(in *Input) *Input {
	c := *in
	c.Params, c.Headers, c.Principal.Claims = maps.Clone(in.Params), maps.Clone(in.Headers), maps.Clone(in.Principal.Claims)
	return &c
}

func TestLargeInputsAreNoKeys(t *testing.T) {
	long := strings.Repeat("x", maxKey)
	wide, many := map[string]any{}, []any{}
	for i := range maxKey + 1 {
		wide[fmt.Sprint(i)] = nil
		many = append(many, i)
	}
	for name, body := range map[string]any{
		"text": long, "list": []any{long}, "name": map[string]any{long: 1.0}, "wide": wide, "many": many, "struct": struct{}{},
	} {
		if key, ok := appendValue(nil, body); ok || len(key) > 4*maxKey {
			t.Errorf("%s: a key of %d bytes, %v", name, len(key), ok)
		}
	}
}

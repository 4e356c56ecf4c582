package routetable

import (
	"fmt"
	"maps"
	"slices"

	"golang.org/x/net/http/httpguts"

	"ficus/gateway/route"
)

// checkIdentity returns what is wrong with who asks and who may, in one definition.
func checkIdentity(d *route.Definition) route.Problems {
	var found route.Problems
	report := func(key string, p route.Problem) { found = append(found, at(d, key, p)) }
	for i, source := range d.Identity {
		if !isName(source, true) {
			report(fmt.Sprintf("identity[%d]", i), badName("source of identity", source))
		}
	}
	if d.Policy != "" && !isName(d.Policy, true) {
		report("policy", badName("policy", d.Policy))
	}
	if d.Mode == route.Observe && (d.Policy == "" || d.Policy == route.PolicyPublic) {
		report("mode", required("the policy to observe", "name it: policy: shop.cart"))
	}
	if d.Force == route.ForcePolicy && (d.Policy == "" || d.Policy == route.PolicyPublic) {
		report("force", required("the policy that says who may force a side", "name it: policy: shop.testers"))
	}
	for i, name := range d.PolicyInput.Headers {
		if !httpguts.ValidHeaderFieldName(name) {
			report(fmt.Sprintf("policy_input.headers[%d]", i), value("%q is no name of a header", name))
		}
	}
	if n := d.PolicyInput.MaxBody; n < 0 || n > route.MaxBody {
		report("policy_input.max_body", value("max_body %d is not between 1 and %d", n, route.MaxBody))
	}
	for i, name := range d.Claims {
		if name == "" {
			report(fmt.Sprintf("claims[%d]", i), value("a claim has a name"))
		}
	}
	return found
}

// checkTold returns what is wrong with how a backend is told who asks.
func checkTold(b *route.Backend, report func(key string, p route.Problem)) {
	for _, name := range slices.Sorted(maps.Keys(b.Identity.Headers)) {
		switch key := "identity.headers." + name; {
		case !httpguts.ValidHeaderFieldName(name) || isFraming(name):
			report(key, value("%q can't carry who asks: it is no header, or one of the connection", name))
		case b.Identity.Headers[name] == "":
			report(key, required("the claim", "say which claim it carries: X-User: sub"))
		}
	}
}

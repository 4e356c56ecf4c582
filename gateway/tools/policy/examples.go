package policy

import (
	"net/http"

	"ficus/gateway/authz"
	"ficus/gateway/pipeline"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// Examples makes one input for each route that names the question's policy, or any policy
// where it names none: a request that the route owns, from who asks in the question. Where
// the route shows the body it is an empty JSON object, unless the route is one for GraphQL.
// A route that owns no request has no example.
func (f *Folder) Examples(q *Question) *Inputs {
	inputs := new(Inputs)
	if f.Table == nil {
		return inputs
	}
	sampler := routetable.NewSampler(f.Table)
	for _, e := range f.Table.Entries {
		if !e.Guarded() || q.Policy != "" && e.Policy != q.Policy {
			continue
		}
		if in := exampleOf(f.Table, sampler, e); in != nil {
			in.Principal, in.ClientIP = q.principal(), q.Client()
			inputs.List = append(inputs.List, Recorded{Policy: e.Policy, Input: in})
			inputs.Made++
		}
	}
	return inputs
}

// exampleOf takes the first request that the entry owns.
func exampleOf(table *routetable.Table, sampler *routetable.Sampler, e *routetable.Entry) *authz.Input {
	for sample := range sampler.Between(e, e) {
		if table.Match(sample.Request()) != e {
			continue
		}
		in := pipeline.InputOf(e, sample.Request())
		in.Side = e.Sides()[0].String()
		if e.Input.Body == route.BodyJSON {
			in.Body, in.BodyState = authz.Body([]byte(bodyOf(sample)), e.Input.BodyLimit())
		}
		return in
	}
	return nil
}

func bodyOf(sample *routetable.Sample) string {
	if sample.Body == "" && sample.Method != http.MethodGet && sample.Method != http.MethodHead {
		return "{}"
	}
	return sample.Body
}

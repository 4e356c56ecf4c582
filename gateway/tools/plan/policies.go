package plan

import (
	"slices"

	"ficus/gateway/control"
	"ficus/gateway/routetable"
)

// Policies says that what policies decide may change, though their names do not: their
// files differ.
type Policies struct {
	Old    string   `json:"old"` // revision; "" for none
	New    string   `json:"new"`
	Routes []string `json:"routes"` // that a policy guards in both versions
}

// policies compares the policies, nil where they are the same.
func (c *comparison) policies(old, new control.Verdict) *Policies {
	if old.Policies.ID() == new.Policies.ID() {
		return nil
	}
	p := &Policies{Old: old.Policies.ID(), New: new.Policies.ID(), Routes: []string{}}
	for _, e := range c.new.table.Entries {
		if e.Guarded() && slices.ContainsFunc(c.old.table.Entries, func(o *routetable.Entry) bool { return o.Policy == e.Policy }) {
			p.Routes = append(p.Routes, e.ID)
		}
	}
	return p
}

func (p *printer) policies(changed *Policies) {
	if changed == nil {
		return
	}
	p.title("Policies")
	p.line("~ the policies' files change (revision %s -> %s)", changed.Old, changed.New)
	p.words([]string{"who may can change on " + count(len(changed.Routes), "route")})
}

// Package route is the vocabulary of Ficus: what a platform team writes in a
// route file, and nothing else. It imports only the standard library, and every
// other room of the gateway may import it.
//
// A [Definition] says which requests one unit of migration owns and where that
// unit stands. A [Backend] is a named destination. All definitions and backends
// of a folder are one [Set]; package routetable compiles a Set to a table.
//
// The comments on the fields of Definition and Backend are the manual of the
// route file: each says meaning, default and range.
package route

import "cmp"

// A Definition is one route as written: one unit of migration.
type Definition struct {
	// ID names the route in metrics, logs and tools. Required; unique over all
	// files of the folder; lower-case letters, digits, "-", "_" and ".", at most
	// 64 characters. "default" is taken: it is what answers when no route matches.
	ID string `yaml:"id"`

	// Description is for people: what the route is about.
	Description string `yaml:"description"`

	// Match says which requests the route owns, in the pattern language of Go's
	// net/http.ServeMux: "[METHOD ][HOST]/PATH", with "{name}" for one segment,
	// "{name...}" for the rest and "{$}" for the end. GET also matches HEAD. A host
	// may begin with "*.", for one or more labels. Of two patterns that match a
	// request the more specific one wins; the order of routes and files never
	// matters. Required.
	Match string `yaml:"match"`

	// When narrows the match by what else a request holds. Of two routes with the
	// same match the one with more conditions wins. Default: no conditions.
	When Conditions `yaml:"when"`

	Settings

	// Origin is where the definition was written; the parser fills it in.
	Origin Origin `yaml:"-"`

	// Same is one pointer in definitions that say the same, wherever they stand; the
	// parser fills it in where it knows. Nil: they may say anything. Who changes a
	// definition takes it away.
	Same *Sameness `yaml:"-" json:"-"`
}

// Sameness is what definitions share that say the same.
type Sameness struct{ _ byte } // of a size, so that no two have one address

// Settings are what a route may take from the defaults of its file or folder.
type Settings struct {
	// Owner names who looks after the route: a team, a person, an address.
	Owner string `yaml:"owner"`

	// Group names routes that share cohorts, so that one journey over several
	// routes never mixes sides. Default: the route's own id.
	Group string `yaml:"group"`

	// Backend names the new side. Required for the stages shadow, canary, new and retired.
	Backend string `yaml:"backend"`

	// Stage says where the route stands: "legacy" (the monolith serves), "shadow" (the
	// monolith serves, and the new side gets copies of safe requests, whose answers are
	// compared and dropped), "canary" (the new side serves the cohorts below the weight), "new" (the new side
	// serves), or "retired" (the new side serves, and the monolith's code for it may
	// be deleted: nothing will send it such a request again). Default: legacy.
	Stage Stage `yaml:"stage"`

	// Weight is the percentage of cohorts that the new side serves at stage canary:
	// 0 to 100, in steps of 0.01. Default: 0. Other stages ignore it.
	Weight float64 `yaml:"weight"`

	// Cohort lists, in order, where the value comes from that keeps a client on its
	// side: "claim:NAME", "header:NAME", "cookie:NAME" or "client_ip". The first
	// source that is present and not empty counts; a request that has none of them
	// goes to legacy. Default: [client_ip].
	Cohort []Source `yaml:"cohort"`

	// Force says who may choose the side of single requests at stage canary: "off"
	// (nobody), "signed" (who sends a token that the gateway signed, in the header
	// Ficus-Side or the cookie ficus_side; "ficus routes force" makes one) or "policy"
	// (who sends "new" or "legacy" there, and whom the route's policy lets by the
	// obligation "force": true). Neither reaches a backend. Default: off.
	Force Force `yaml:"force"`

	// Identity lists, in order, the gateway's sources of identity that are asked who
	// the client is, by the names that the Caddyfile gives them; the first that knows
	// counts. Default: all of them, in the order of the Caddyfile.
	Identity []string `yaml:"identity"`

	// Policy names the policy that decides who may: a package of policies/*.rego that
	// says "allow" or "decision". "public" lets everybody; it has to be written out for
	// a route that changes state. The folder_defaults' policy also decides what no
	// route takes. Default: none, which lets everybody.
	Policy string `yaml:"policy"`

	// Mode says what becomes of the policy's decision: "enforce" (who may not is
	// refused) or "observe" (it is only recorded, beside the answer of the monolith, so
	// that a policy is proven before it counts). Default: enforce.
	Mode Mode `yaml:"mode"`

	// Paths says how the backends read paths: "any" (a path that some backends read as
	// another one, such as "/a%2Fb", "/a;x" or "/a/", is refused where another policy
	// guards that one) or "exact" (they read it as the gateway does: split at its
	// slashes, then decoded once). Default: any.
	Paths Paths `yaml:"paths"`

	// PolicyInput says what else of a request the policy gets to see.
	PolicyInput PolicyInput `yaml:"policy_input"`

	// Claims lists what else of the principal the internal token tells the new side
	// beside who it is, such as [email, roles]. Default: none.
	Claims []string `yaml:"claims"`

	// Expires is the day by which the route should be gone from the table, such as
	// 2027-03-31: after it, the route is a warning. Default: never.
	Expires Date `yaml:"expires"`

	// Rewrite changes what a backend gets, and takes its answers back. Default:
	// nothing is changed.
	Rewrite Rewrite `yaml:"rewrite"`

	Resilience
}

// PolicyInput is what a policy sees of a request beside method, path, parameters,
// principal and the like.
type PolicyInput struct {
	// Headers lists headers; the policy sees them by their names in lower case.
	// Default: none.
	Headers []string `yaml:"headers"`

	// Body says whether the policy sees the body: "none", or "json". One that is larger
	// than max_body, or no JSON, is refused. Default: none.
	Body Body `yaml:"body"`

	// MaxBody is the largest body that a policy gets to see, in bytes: 1 to 1048576.
	// Default: 65536.
	MaxBody int `yaml:"max_body"`
}

// CohortGroup is the group that decides the route's cohorts: Group, or the ID
// where no group is given.
func (d *Definition) CohortGroup() string {
	if d.Group != "" {
		return d.Group
	}
	return d.ID
}

// A Set is all that the files of one folder define.
type Set struct {
	Backends []Backend
	Routes   []Definition

	// Rest is what the folder's defaults say of requests that no route takes: they go to
	// legacy, and only identity, policy, mode, paths, policy_input and resilience count.
	Rest       Settings
	RestOrigin Origin // where these defaults were written
}

// MaxBody is the size in bytes of the largest body that a policy gets to see.
const MaxBody = 1 << 20

// BodyLimit is the size in bytes of the largest body that the policy sees.
func (p *PolicyInput) BodyLimit() int { return cmp.Or(p.MaxBody, 64<<10) }

// LegacyBackend is the name of the backend that is the monolith.
const LegacyBackend = "legacy"

// PolicyPublic is the policy that lets everybody.
const PolicyPublic = "public"

// DefaultID is the id of the entry that answers when no route matches.
const DefaultID = "default"

// Backend returns the backend of that name, or nil.
func (s *Set) Backend(name string) *Backend {
	for i := range s.Backends {
		if s.Backends[i].Name == name {
			return &s.Backends[i]
		}
	}
	return nil
}

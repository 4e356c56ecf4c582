// Package control is the control plane: what the command line, the admin API or a
// watcher can have done to a gateway, and what they can ask it.
//
// [Check] judges a folder of route files and touches nothing. [Tables] brings a folder
// to the data plane, whole or not at all, and keeps the last good one for a start with
// a broken folder. Its [Status] says what serves; from it come the values that probes
// and tools see: [Readiness], [Listing], [Findings].
//
// It never stands on a request's path. What it decides reaches the data plane as a
// value: a table to publish.
package control

import (
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"ficus/gateway/authz"
	"ficus/gateway/route"
	"ficus/gateway/routefile"
	"ficus/gateway/routetable"
)

// A Verdict is what a folder of route files is worth.
type Verdict struct {
	Table    *routetable.Table // nil if there is an error among the problems
	Policies *authz.Set        // of the folder; nil if there is an error among theirs
	Set      route.Set         // what could be understood of it
	Problems route.Problems    // all of them, sorted, with place and text

	unguarded *routetable.Table // where nothing but the policies has errors
	removal   *Removal          // why a table without errors is none
	snapshot  *Verdict          // that serves in its place already, at a start
}

// Check reads, parses and compiles a folder. The name of the folder stands before
// its files in problems; lookup resolves environment placeholders; now is when routes
// may have expired.
func Check(fsys fs.FS, name string, lookup func(string) (string, bool), now time.Time) Verdict {
	folder, unread := routefile.Read(fsys, name)
	return new(memory).judge(folder, unread, lookup, now, policySource{})
}

// policySource is where policies come from.
type policySource struct {
	elsewhere bool       // not from the folder
	set       *authz.Set // from elsewhere; or compiled before, perhaps of the same files
}

// memory is what is known of the folder that was judged last, so that to judge it again
// after an edit costs little more than what the edit changed. The zero memory knows nothing.
type memory struct {
	parser   routefile.Parser
	compiler routetable.Compiler
}

// judge judges a folder as read.
func (m *memory) judge(folder *routefile.Folder, unread route.Problems, lookup func(string) (string, bool), now time.Time, from policySource) Verdict {
	v := Verdict{Problems: unread}
	policies, broken := from.set, route.Problems(nil)
	switch {
	case from.elsewhere:
	case slices.ContainsFunc(unread, isErrorOfPolicies): // what was read of them decides otherwise than all
		policies = nil
	default:
		policies, broken = compilePolicies(folder.Policies, from.set)
	}
	v.Policies = policies
	v.Problems = append(v.Problems, broken...)
	set, unparsed := m.parser.Parse(folder, lookup)
	v.Set = set
	v.Problems = append(v.Problems, unparsed...)
	table, uncompiled := m.compiler.Compile(set, routetable.Options{Now: now, Policies: policies.Names(), AnyPolicy: policies == nil || from.elsewhere})
	if len(folder.Files) > 0 {
		v.Problems = append(v.Problems, withoutEchoes(uncompiled, v.Problems)...)
	}
	if !v.Problems.HasErrors() {
		v.Table = table
	} else if policies == nil && !from.elsewhere && !slices.ContainsFunc(v.Problems, isErrorOfRoutes) {
		v.unguarded = table
	}
	folder.Locate(v.Problems)
	v.Problems.Sort()
	v.Problems = v.Problems.First(maxProblems)
	return v
}

func isErrorOfPolicies(p route.Problem) bool { return p.Severity == route.Error && isOfPolicies(p) }
func isErrorOfRoutes(p route.Problem) bool   { return p.Severity == route.Error && !isOfPolicies(p) }

func isOfPolicies(p route.Problem) bool {
	return path.Base(path.Dir(p.Origin.File)) == routefile.PoliciesFolder || path.Base(p.Origin.File) == routefile.PoliciesFolder
}

// testsLimit is how long the policies' own tests may take together.
const testsLimit = 30 * time.Second

func compilePolicies(files []routefile.File, compiled *authz.Set) (*authz.Set, route.Problems) {
	sources := make([]authz.File, len(files))
	for i, f := range files {
		sources[i] = authz.File(f)
	}
	if compiled != nil && compiled.Revision == authz.Revision(sources) {
		return compiled, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), testsLimit)
	defer cancel()
	return authz.Compile(ctx, sources)
}

// maxProblems bounds how many problems of a folder are listed, logged and kept.
const maxProblems = 1000

// withoutEchoes leaves out findings about what could not be read in the first place,
// and warnings about a set that was not understood whole: one mistake is one problem.
func withoutEchoes(found, unread route.Problems) route.Problems {
	type place struct{ file, path string }
	known := map[place]bool{}
	wholeFile := false // one of them is of all that a file defines
	for _, u := range unread {
		known[place{u.Origin.File, u.Path}] = true
		wholeFile = wholeFile || u.Path == "" && u.Severity == route.Error
	}
	broken := unread.HasErrors()
	return slices.DeleteFunc(found, func(p route.Problem) bool {
		nobodyDefines := p.Code == route.CodeUnknownBackend || p.Origin.File == ""
		if broken && p.Severity == route.Warning || wholeFile && nobodyDefines {
			return true
		}
		for path := p.Path; ; path = path[:max(0, strings.LastIndexAny(path, ".["))] {
			if known[place{p.Origin.File, path}] {
				return true
			}
			if path == "" {
				return false
			}
		}
	})
}

// Package policy is "ficus policy": check, test, explain and bench for the people who
// write policies. Each verb asks package authz what the gateway asks it, so that what
// holds here holds there.
//
// They take a folder of route files, whose policies lie in its folder policies/, or a
// folder of policies alone, such as a site has that uses the handler opa.
package policy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"ficus/gateway/authz"
	"ficus/gateway/control"
	"ficus/gateway/route"
	"ficus/gateway/routefile"
	"ficus/gateway/routetable"
)

// A Folder is a folder of policies, compiled, with the routes that they guard.
type Folder struct {
	Name     string
	Policies *authz.Set        // nil if there is an error among theirs
	Table    *routetable.Table // nil without routes, or if there is any error
	Routes   bool              // it is a folder of route files
	Problems route.Problems    // all of them, with place and text
}

// testsLimit is how long the policies' own tests may take together.
const testsLimit = 30 * time.Second

// Open reads a folder; lookup resolves environment placeholders of route files.
func Open(ctx context.Context, fsys fs.FS, name string, lookup func(string) (string, bool), now time.Time) *Folder {
	f := &Folder{Name: name, Routes: hasRoutes(fsys)}
	if f.Routes {
		v := control.Check(fsys, name, lookup, now)
		f.Policies, f.Table, f.Problems = v.Policies, v.Table, v.Problems
		return f
	}
	files, problems := authz.Read(fsys, name)
	if !problems.HasErrors() {
		limited, cancel := context.WithTimeout(ctx, testsLimit)
		defer cancel()
		f.Policies, problems = authz.Compile(limited, files)
	}
	f.Problems = located(problems, files)
	return f
}

// hasRoutes tells the two kinds of folders apart. One with neither is taken for route
// files, so that a folder that is empty or missing is a problem.
func hasRoutes(fsys fs.FS) bool {
	if info, err := fs.Stat(fsys, routefile.PoliciesFolder); err == nil && info.IsDir() {
		return true
	}
	entries, _ := fs.ReadDir(fsys, ".")
	return !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return path.Ext(e.Name()) == ".rego" })
}

// sources returns the files of the policies.
func sources(fsys fs.FS, name string) ([]authz.File, route.Problems) {
	if !hasRoutes(fsys) {
		return authz.Read(fsys, name)
	}
	if _, err := fs.ReadDir(fsys, "."); err != nil {
		var at *fs.PathError
		if errors.As(err, &at) {
			err = at.Err
		}
		return nil, route.Problems{{Code: route.CodeRead, Origin: route.Origin{File: name}, Message: "reading: " + err.Error()}}
	}
	read, problems := routefile.ReadPolicies(fsys, name)
	files := make([]authz.File, len(read))
	for i, f := range read {
		files[i] = authz.File(f)
	}
	return files, problems
}

// located gives problems the lines that they are about, sorted.
func located(problems route.Problems, files []authz.File) route.Problems {
	folder := routefile.Folder{}
	for _, f := range files {
		folder.Policies = append(folder.Policies, routefile.File(f))
	}
	folder.Locate(problems)
	problems.Sort()
	return problems
}

// guarded returns the routes that a policy guards, in the order of the table.
func (f *Folder) guarded(policy string) (entries []*routetable.Entry) {
	if f.Table == nil {
		return nil
	}
	for _, e := range f.Table.Entries {
		if e.Guarded() && e.Policy == policy {
			entries = append(entries, e)
		}
	}
	return entries
}

func count(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case what[len(what)-1] == 'y':
		return fmt.Sprintf("%d %sies", n, what[:len(what)-1])
	}
	return fmt.Sprintf("%d %ss", n, what)
}

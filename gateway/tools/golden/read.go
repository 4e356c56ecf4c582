package golden

import (
	"io/fs"
	"path"

	"ficus/gateway/route"
	"ficus/gateway/routefile"
)

// A Suite is all cases of a folder of route files.
type Suite struct {
	folder   *routefile.Folder
	cases    []placed
	problems route.Problems
}

// placed is a case with the path to it inside its file, such as "cases[3]".
type placed struct {
	Case
	path string
}

// Read reads the cases of a folder of route files. The name of that folder stands
// before the files in problems. With an error among those the suite is not whole.
func Read(routes fs.FS, name string) (*Suite, route.Problems) {
	name = path.Join(name, Folder)
	tests, err := fs.Sub(routes, Folder)
	if err != nil {
		panic("golden: " + err.Error()) // the constant is no path
	}
	folder, problems := routefile.ReadYAML(tests, name)
	s := &Suite{folder: folder}
	for _, file := range folder.Files {
		var d document
		found := routefile.Decode(file, &d)
		if !found.HasErrors() {
			found = append(found, check(file.Name, d.Cases)...)
		}
		problems = append(problems, found...)
		for i, c := range d.Cases {
			s.cases = append(s.cases, placed{c, casePath(i)})
		}
	}
	if len(s.cases) == 0 && !problems.HasErrors() {
		problems = append(problems, route.Problem{
			Code: route.CodeRead, Origin: route.Origin{File: name}, Message: "there are no cases",
		})
	}
	for i := range problems {
		if p := &problems[i]; p.Code == route.CodeRead && p.Origin.File == name {
			p.Hint = "write cases into files such as " + name + "/cart.yaml; ficus routes test --help shows some"
		}
	}
	folder.Locate(problems)
	problems.Sort()
	s.problems = append(route.Problems{}, problems...)
	return s, problems
}

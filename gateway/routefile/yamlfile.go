package routefile

import (
	"reflect"

	"github.com/goccy/go-yaml/ast"

	"ficus/gateway/route"
)

// Decode fills the struct that to points to from a YAML file of another kind than
// route files, by their rules: keys are those of the "yaml" tags, an unknown key or a
// value of the wrong type is a problem with its place, and all of them are found at
// once. A field of type route.Origin gets the place of its struct.
func Decode(file File, to any) route.Problems {
	folder := Folder{Files: []File{file}}
	body, problem := parseYAML(file)
	if problem != nil {
		problems := route.Problems{*problem}
		folder.Locate(problems)
		return problems
	}
	if body == nil || body.Type() == ast.NullType {
		return nil
	}
	d := decoder{file: file.Name}
	d.decode(body, reflect.ValueOf(to).Elem(), "")
	folder.Locate(d.problems)
	return d.problems
}

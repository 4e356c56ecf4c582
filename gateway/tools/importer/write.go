package importer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ficus/gateway/route"
	"ficus/gateway/tools/yamlout"
)

// A File is a route file to be written.
type File struct {
	Name string
	Text string
}

type document struct {
	Head           string                   `yaml:"#"`
	Backends       map[string]route.Backend `yaml:"backends"`
	FolderDefaults settings                 `yaml:"folder_defaults"`
	Routes         []Route                  `yaml:"routes"`
}

// settings are what all routes of a draft begin with, written out.
type settings struct {
	Comment string `yaml:"#"`
	Stage   string `yaml:"stage"`
	Policy  string `yaml:"policy"`
}

// public is written out, or routes that change state would be warned of.
var public = settings{
	Comment: "For the routes of all files: the monolith serves, and asks by itself who may.",
	Stage:   route.StageLegacy.String(), Policy: route.PolicyPublic,
}

// Text is the draft as one route file.
func (d Draft) Text() string {
	return yamlout.Marshal(document{Head: d.head(), Backends: backendsOf(d.Backends), FolderDefaults: public, Routes: d.Routes})
}

// Files is the draft as a folder: the monolith in legacy.yaml, and a file for each group
// of routes, where there are several.
func (d Draft) Files() []File {
	legacy := slices.IndexFunc(d.Backends, func(b route.Backend) bool { return b.Name == route.LegacyBackend })
	files := []File{{"legacy.yaml", yamlout.Marshal(document{Head: d.head(), Backends: backendsOf(d.Backends[legacy : legacy+1]), FolderDefaults: public})}}
	others := slices.Delete(slices.Clone(d.Backends), legacy, legacy+1)
	if len(d.Routes)+len(others) == 0 {
		return files
	}
	groups := map[string][]Route{}
	for _, r := range d.Routes {
		groups[r.Group] = append(groups[r.Group], r)
	}
	for _, group := range sortedKeys(groups) {
		name := group
		if name == "" {
			name = "routes"
		}
		doc := document{Head: fmt.Sprintf("From %s.", printable(d.From)), Routes: groups[group]}
		if len(others) > 0 && len(files) == 1 {
			doc.Backends = backendsOf(others)
		}
		if name == "legacy" {
			name = "legacy-routes"
		}
		files = append(files, File{name + ".yaml", yamlout.Marshal(doc)})
	}
	return files
}

func backendsOf(list []route.Backend) map[string]route.Backend {
	all := map[string]route.Backend{}
	for _, b := range list {
		all[b.Name] = b
	}
	return all
}

func (d Draft) head() string {
	lines := []string{"A first table, from " + printable(d.From) + ".", "Each route is at stage legacy: move one by naming its backend and its stage."}
	if slices.ContainsFunc(d.Routes, func(r Route) bool { return r.Stage == route.StageNew }) {
		lines[1] = "The routes of the monolith are at stage legacy; those at stage new go elsewhere today."
	}
	for _, group := range []struct {
		title    string
		findings []Finding
	}{{"Left out:", d.Lost}, {"Taken otherwise:", d.Notes}} {
		if len(group.findings) > 0 {
			lines = append(lines, "", group.title)
		}
		for _, f := range group.findings {
			lines = append(lines, "  "+f.String())
		}
	}
	return strings.Join(lines, "\n")
}

// ErrNotEmpty is why files are not written into a folder.
var ErrNotEmpty = errors.New("the folder is not empty")

// WriteFolder writes files into a folder, which is made if it does not exist. Into one
// that holds anything it writes only if forced.
func WriteFolder(folder string, files []File, force bool) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	if len(entries) > 0 && !force {
		return fmt.Errorf("%s: %w", folder, ErrNotEmpty)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(folder, f.Name), []byte(f.Text), fs.FileMode(0o644)); err != nil {
			return err
		}
	}
	return nil
}

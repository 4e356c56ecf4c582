package importer

import (
	"cmp"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"

	"ficus/gateway/route"
)

// OpenAPI imports an OpenAPI document, 2.0 or 3, in YAML or JSON: each operation becomes
// a route. fsys is the folder of the file, in which what it refers to has to lie; folder
// names it in places. The error says why the document can't be read; all else is listed
// in the draft.
func OpenAPI(fsys fs.FS, folder, name string) (Draft, error) {
	text, err := readFile(fsys, name)
	if err != nil {
		return Draft{}, err
	}
	shown := path.Join(folder, name)
	doc, err := loadOpenAPI(fsys, folder, name, []byte(text))
	if err != nil {
		return Draft{}, fmt.Errorf("%s: %w", shown, err)
	}
	o := openAPIImporter{builder: newBuilder(shown), doc: doc, file: shown, folder: folder}
	for _, op := range o.operations() {
		o.operation(op)
	}
	if len(doc.Webhooks) > 0 {
		o.note(route.Origin{File: shown}, "webhooks are requests that the service sends: no routes are made of them")
	}
	return o.finish(), nil
}

func loadOpenAPI(fsys fs.FS, folder, name string, text []byte) (doc *openapi3.T, err error) {
	defer func() {
		if cause := recover(); cause != nil { // the library was not made for every text
			doc, err = nil, fmt.Errorf("the document can't be understood: %v", cause)
		}
	}()
	loader := openapi3.NewLoader()
	loader.IncludeOrigin = true
	loader.ReadFromURIFunc = func(_ *openapi3.Loader, uri *url.URL) ([]byte, error) {
		within := path.Clean(uri.Path)
		if uri.Scheme != "" || uri.Host != "" || !fs.ValidPath(within) {
			return nil, fmt.Errorf("%s is not in the folder of the document", uri)
		}
		text, err := readFile(fsys, within)
		return []byte(text), err
	}
	var old openapi2.T
	if err := openapi2.UnmarshalFromData(text, &old); err == nil && strings.HasPrefix(old.Swagger, "2.") {
		return openapi2conv.ToV3WithLoader(&old, loader, &url.URL{Path: name})
	}
	doc, err = loader.LoadFromDataWithPath(text, &url.URL{Path: name})
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.") {
		return nil, fmt.Errorf("it is no OpenAPI document of version 2.0 or 3: openapi is %q", doc.OpenAPI)
	}
	return doc, nil
}

type openAPIImporter struct {
	*builder
	doc          *openapi3.T
	file, folder string
}

// operation is one method of one path.
type operation struct {
	path, method string
	item         *openapi3.PathItem
	*openapi3.Operation
	place route.Origin
}

// operations lists all, in the order of the document.
func (o *openAPIImporter) operations() []operation {
	var all []operation
	for name, item := range o.doc.Paths.Map() {
		if item == nil {
			continue // a path with nothing below it
		}
		for method, op := range item.Operations() {
			all = append(all, operation{name, method, item, op, o.place(op.Origin, item.Origin, name)})
		}
	}
	slices.SortFunc(all, func(a, b operation) int {
		return cmp.Or(
			cmp.Compare(a.place.File, b.place.File), cmp.Compare(a.place.Line, b.place.Line),
			cmp.Compare(a.path, b.path), cmp.Compare(a.method, b.method),
		)
	})
	return all
}

// place is where an operation stands, as far as it is known.
func (o *openAPIImporter) place(origin, parent *openapi3.Origin, name string) route.Origin {
	for _, known := range []*openapi3.Origin{origin, parent} {
		if known != nil && known.Key != nil && known.Key.Line > 0 {
			return route.Origin{File: path.Join(o.folder, known.Key.File), Line: known.Key.Line}
		}
	}
	return route.Origin{File: o.file + ": paths." + name}
}

// operation makes a route of an operation.
func (o *openAPIImporter) operation(op operation) {
	c := &candidate{
		method: op.method, id: cmp.Or(op.OperationID, op.method+"-"+op.path), place: op.place,
		description: printable(oneSentence(cmp.Or(op.Summary, op.item.Summary, op.Description))),
	}
	if len(op.Tags) > 0 {
		c.group = op.Tags[0]
	}
	if op.Deprecated {
		c.comment = "deprecated"
	}
	base, target := o.server(op)
	template, err := o.template(op)
	if err != nil {
		o.lose(op.place, "%s %s: %v", op.method, op.path, err)
		return
	}
	c.path, c.target = base+template, target
	o.add(c)
}

// oneSentence is the beginning of a text, for a description.
func oneSentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	sentence, _, _ := strings.Cut(text, ". ")
	return strings.TrimSuffix(sentence, ".")
}

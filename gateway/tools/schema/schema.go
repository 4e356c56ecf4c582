// Package schema generates the JSON Schema of a route file, which editors check and
// complete by: the shape from the Go structs, the descriptions from their comments,
// the words from the types that read them, and the rules of single values from here.
//
// What a schema can't tell, such as a backend that nobody defines or two routes in
// conflict, "ficus routes check" does. Where the two differ the schema is the milder
// one, but for keys without a value: a checker takes "weight:" for a key that is not
// there, an editor for one that is not finished.
package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"ficus/gateway/route"
	"ficus/gateway/routefile"
	"ficus/gateway/tools/comments"
)

// Generate returns the schema as JSON.
func Generate(source *comments.Source) ([]byte, error) {
	g := &generator{source: source, rules: maps.Clone(rules), used: map[string]bool{}}
	maps.Copy(g.rules, resilienceRules)
	reflector := jsonschema.Reflector{
		FieldNameTag: "yaml", Anonymous: true, ExpandedStruct: true, RequiredFromJSONSchemaTags: true,
		Mapper: scalar, LookupComment: g.comment,
		Namer: func(t reflect.Type) string { return strings.ToLower(t.Name()) },
	}
	root := reflector.Reflect(routefile.Document{})
	root.Title, root.Description = "Ficus route file", "All *.yaml of a folder of route files are one table."
	root.Comments = "Generated from the comments of gateway/route by: go test ./routes -update"
	g.rule("document", root)
	for name, definition := range root.Definitions {
		g.rule(name, definition)
	}
	for key := range g.rules {
		if !g.used[key] {
			g.errs = append(g.errs, fmt.Errorf("there is a rule for %s, which is no key", key))
		}
	}
	if err := errors.Join(g.errs...); err != nil {
		return nil, err
	}
	return encode(root)
}

type generator struct {
	source *comments.Source
	rules  map[string]rule
	used   map[string]bool // rules
	errs   []error
}

// comment is the description of a field, or of a type where field is "".
func (g *generator) comment(t reflect.Type, field string) string {
	var text string
	var err error
	switch {
	case field != "":
		text, err = g.source.Field(t, field)
	case t.Name() != "":
		text, err = g.source.Type(t)
	}
	if err != nil {
		g.errs = append(g.errs, err)
	}
	return text
}

// rule applies the rules of a struct's keys.
func (g *generator) rule(name string, s *jsonschema.Schema) {
	if s.Properties == nil {
		return
	}
	for pair := s.Properties.Oldest(); pair != nil; pair = pair.Next() {
		for _, key := range []string{name + "." + pair.Key, "*." + pair.Key} {
			if apply := g.rules[key]; apply != nil {
				g.used[key] = true
				apply(pair.Value, s)
				break
			}
		}
	}
}

// scalar is the schema of types that read themselves out of one scalar, nil for all
// others.
func scalar(t reflect.Type) *jsonschema.Schema {
	if words, ok := reflect.Zero(t).Interface().(interface{ Words() []string }); ok {
		s := &jsonschema.Schema{Type: "string"}
		for _, word := range words.Words() {
			s.Enum = append(s.Enum, word)
		}
		return s
	}
	switch t {
	case reflect.TypeFor[time.Duration]():
		return &jsonschema.Schema{Type: "string", Pattern: durationPattern}
	case reflect.TypeFor[route.Date]():
		return &jsonschema.Schema{Type: "string", Format: "date", Pattern: datePattern}
	case reflect.TypeFor[route.Source]():
		return &jsonschema.Schema{Type: "string", Pattern: sourcePattern, Examples: []any{"client_ip", "cookie:session", "claim:sub"}}
	case reflect.TypeFor[route.Rate]():
		return &jsonschema.Schema{Type: "string", Pattern: ratePattern, Examples: []any{"10/s", "300/m"}}
	case reflect.TypeFor[route.Wanted]():
		return &jsonschema.Schema{Type: "string", Pattern: wantedPattern}
	}
	return nil
}

func encode(root *jsonschema.Schema) ([]byte, error) {
	text, err := json.Marshal(root)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

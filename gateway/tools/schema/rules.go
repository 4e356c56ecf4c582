package schema

import (
	"encoding/json"

	"github.com/invopop/jsonschema"

	"ficus/gateway/route"
)

// Patterns, in what Go and ECMAScript have in common. They accept whatever the checker
// accepts.
const (
	namePattern     = `^[a-z0-9._-]{0,64}$`
	idPattern       = `^[a-z0-9._-]{1,64}$`
	backendPattern  = `^[a-z0-9_-]{1,64}$`
	durationPattern = `^[-+]?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$|^[-+]?0$`
	datePattern     = `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`
	fieldPattern    = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
	sourcePattern   = `^(client_ip|claim:[\s\S]+|(header|cookie):` + fieldPattern + `)$`
	ratePattern     = `^[0-9]+/[smh]$`
	wantedPattern   = `^([^*]+\*?|\*)$`
	mediaPattern    = `^([^/;*A-Z ]+/[^;*A-Z ]*\*?|\*)$`
	graphQLPattern  = `^[A-Za-z_][A-Za-z0-9_]*$`

	// A host, an optional "{$NAME}" anywhere in it, and nothing behind the port.
	addressPattern = `^([hH][tT][tT][pP][sS]?://[^/@]*[^/@:]/?|unix:///[A-Za-z0-9_./@+~-]{1,106}|[\s\S]*\{\$[\s\S]*\}[\s\S]*)$`

	segmentPattern  = `([^{}/?#%]|%[0-9A-Fa-f]{2})+`
	wildcardPattern = `\{[A-Za-z_][A-Za-z0-9_]*\}`
	endPattern      = `(\{\$\}|\{[A-Za-z_][A-Za-z0-9_]*\.\.\.\})?`
	pathPattern     = `((/(` + segmentPattern + `|` + wildcardPattern + `))+(/` + endPattern + `)?|/` + endPattern + `)`
	matchPattern    = "^([!#$%&'*+.^_`|~0-9A-Z-]+[ \\t]+)?" + `(\*\.)?[^*{}/:@?# \t]*` + pathPattern + `$`
	templatePattern = `^(/[\s\S]*)?$`
	prefixPattern   = `^(/` + segmentPattern + `)*$`
)

// A rule is what a single key asks for beyond its type, and the struct that it stands in
// for the key's sake.
type rule = func(key, in *jsonschema.Schema)

// rules are by struct and key; "*" is any struct.
var rules = map[string]rule{
	"document.backends": func(key, _ *jsonschema.Schema) {
		key.PropertyNames = &jsonschema.Schema{Pattern: backendPattern}
	},
	"definition.id": func(key, in *jsonschema.Schema) {
		key.Pattern, key.Not = idPattern, &jsonschema.Schema{Const: route.DefaultID}
		in.Required = append(in.Required, "id")
	},
	"definition.match": func(key, in *jsonschema.Schema) {
		key.Pattern = matchPattern
		key.Examples = []any{"GET /api/cart/{id}", "/files/{path...}", "POST *.shop.example/graphql"}
		in.Required = append(in.Required, "match")
	},
	"*.group":  name,
	"*.policy": name,
	"*.stage":  byDefault(route.StageLegacy.String()),
	"*.weight": func(key, _ *jsonschema.Schema) {
		// No multipleOf: to an editor's floating point 12.34 is no multiple of 0.01.
		key.Minimum, key.Maximum, key.Default = json.Number("0"), json.Number("100"), 0
	},
	"*.cohort": byDefault([]string{route.Source{Kind: route.FromClientIP}.String()}),
	"*.force":  byDefault(route.ForceOff.String()),

	"conditions.header": func(key, _ *jsonschema.Schema) {
		key.PropertyNames = &jsonschema.Schema{Pattern: "^" + fieldPattern + "$", Not: &jsonschema.Schema{Pattern: "^[Hh][Oo][Ss][Tt]$"}}
	},
	"conditions.cookie": func(key, _ *jsonschema.Schema) {
		key.PropertyNames = &jsonschema.Schema{Pattern: "^" + fieldPattern + "$"}
	},
	"conditions.content_type": func(key, _ *jsonschema.Schema) {
		key.Pattern, key.Examples = mediaPattern, []any{"application/json", "image/*"}
	},
	"graphql.operation": graphQLNames,
	"graphql.fields":    graphQLNames,
	"graphql.persisted": func(key, _ *jsonschema.Schema) {
		key.UniqueItems, key.MinItems, key.Items.MinLength = true, number(1), number(1)
	},

	"siderewrite.path":         pattern(templatePattern),
	"siderewrite.strip_prefix": pattern(prefixPattern),
	"siderewrite.add_prefix":   pattern(prefixPattern),

	"backend.addresses": func(key, in *jsonschema.Schema) {
		key.MinItems, key.UniqueItems, key.Items.Pattern = number(1), true, addressPattern
		key.Examples = []any{[]string{"http://127.0.0.1:9103"}, []string{"{$CART_ADDRESS:http://127.0.0.1:9103}"}, []string{"unix:///run/cart.sock"}}
		in.Required = append(in.Required, "addresses")
	},
	"backend.balance": byDefault(route.LeastRequests.String()),
}

func name(key, _ *jsonschema.Schema) { key.Pattern = namePattern }

func graphQLNames(key, _ *jsonschema.Schema) {
	key.UniqueItems, key.MinItems, key.Items.Pattern = true, number(1), graphQLPattern
}

func pattern(text string) rule {
	return func(key, _ *jsonschema.Schema) { key.Pattern = text }
}

func byDefault(value any) rule {
	return func(key, _ *jsonschema.Schema) { key.Default = value }
}

func number(n uint64) *uint64 { return &n }

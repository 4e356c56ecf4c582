package importer

import (
	"strings"
	"testing"
	"testing/fstest"
)

// Documents with null, or another kind of value, where an object belongs are refused or
// read without it.
func TestOpenAPIMalformed(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"", `openapi is ""`},
		{"openapi: 4.0.0", `openapi is "4.0.0"`},
		{"openapi: 3.0.0", ""},
		{"openapi: 3.0.0\npaths:", ""},
		{"openapi: 3.0.0\npaths: { /a: }", ""},
		{"openapi: 3.0.0\npaths: { /a: { get: , post: { } } }", ""},
		{"openapi: 3.0.0\nservers: [null]\npaths: { /a: { get: { } } }", ""},
		{"openapi: 3.0.0\nservers: [{ url: 'http://{a}', variables: { a: } }]\npaths: { /a: { get: { } } }", ""},
		{"openapi: 3.0.0\npaths: { /a: { parameters: [null], get: { parameters: [null], responses: { '200': } } } }", "MUST be an object"},
		{"openapi: 3.0.0\ncomponents: { schemas: { a: }, responses: { b: } }\npaths: { /a: { get: { requestBody: } } }", "MUST be an object"},
		{"openapi: 3.0.0\ncomponents: { schemas: { a: { allOf: [null], properties: { b: } } } }", "MUST be an object"},
		{"openapi: 3.0.0\npaths: { /a: { get: { callbacks: { a: { b: } } } } }", ""},
		{"swagger: '2.0'\npaths: { /a: }", ""},
		{"swagger: '2.0'\npaths: { /a: { get: { parameters: [null], responses: { '200': } } } }", "MUST be an object"},
		{"swagger: '2.0'\ndefinitions: { a: , b: { properties: { c: } } }\nparameters: { d: }\nresponses: { e: }\nsecurityDefinitions: { f: }", "MUST be an object"},
		{"openapi: 3.0.0\npaths: [1]", "paths"},
		{"openapi: 3.0.0\npaths: { /a: { $ref: ../other.yaml } }", "not in the folder"},
		{"openapi: 3.0.0\npaths: { /a: { $ref: 'http://127.0.0.1:1/x.yaml' } }", "not in the folder"},
		{"openapi: 3.0.0\npaths: { /a: { $ref: /etc/passwd } }", "not in the folder"},
		{"a: &a [*a]\nopenapi: 3.0.0", "api.yaml"},
		{"a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nopenapi: 3.0.0\nx: *g", "api.yaml"},
	} {
		d, err := OpenAPI(fstest.MapFS{"api.yaml": {Data: []byte(tc.text)}}, "", "api.yaml")
		switch {
		case err == nil && tc.want == "":
			soundDraft(t, d)
		case err == nil || tc.want == "" || !strings.Contains(err.Error(), tc.want):
			t.Errorf("%s\n%v, want %q", tc.text, err, tc.want)
		}
	}
}

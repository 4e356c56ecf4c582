package graphql

import (
	"bytes"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"
)

// FromHead reads a request as far as its head tells. With body true the operation
// is in the body (see [FromBody]); else op is it, or nil where the request asks for
// none: another method than GET, HEAD or POST, or a GET without any parameter of
// GraphQL.
func FromHead(r *http.Request) (op *Operation, body bool) {
	switch {
	case r.Header.Get("Upgrade") != "" && httpguts.HeaderValuesContainsToken(r.Header["Connection"], "upgrade"):
		return Refuse(Upgrade), false
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		if r.ContentLength != 0 {
			return Refuse(Malformed), false // some servers read the body of a GET
		}
		return FromQuery(r.URL.RawQuery), false
	case r.Method != http.MethodPost:
		return nil, false
	case len(r.Header["Content-Type"]) > 1:
		return Refuse(Malformed), false
	}
	for _, coding := range r.Header["Content-Encoding"] {
		if coding != "" && !strings.EqualFold(coding, "identity") {
			return Refuse(Encoded), false
		}
	}
	if _, why := formOf(r.Header.Get("Content-Type")); why != "" {
		return Refuse(why), false
	}
	if r.ContentLength > MaxBody {
		return Refuse(TooLarge), false
	}
	return nil, true
}

// A form is what a body is.
type form int

const (
	asJSON form = iota
	asDocument
)

// formOf reads a content type. A charset other than UTF-8 is refused, since text in
// UTF-7, for one, is JSON in two ways.
func formOf(contentType string) (form, Refusal) {
	media, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return 0, ContentType
	}
	if charset, ok := parameters["charset"]; ok && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "utf8") {
		return 0, Encoded
	}
	switch {
	case media == "application/graphql":
		return asDocument, ""
	case media == "application/json" || strings.HasSuffix(media, "+json"):
		return asJSON, ""
	}
	return 0, ContentType
}

// FromQuery reads a GET request, from its raw query string. It returns nil where
// that holds no parameter of GraphQL.
func FromQuery(rawQuery string) *Operation {
	values, ok := parameters(rawQuery)
	if !ok {
		return Refuse(Malformed)
	}
	if len(values) == 0 {
		return nil
	}
	r := request{query: values["query"], operation: values["operationName"]}
	if extensions := values["extensions"]; !r.readExtensions([]byte(extensions)) {
		return Refuse(Malformed)
	}
	for _, key := range documentKeys {
		if !r.stored(values[key]) {
			return Refuse(Malformed)
		}
	}
	return r.operationAsked()
}

// FromBody reads a POST request, from its content type, its whole body and the raw
// query string, in which some servers look first. A name of the operation there
// has to agree with the body; anything else that names a document is refused.
func FromBody(contentType string, body []byte, rawQuery string) *Operation {
	form, why := formOf(contentType)
	if why != "" {
		return Refuse(why)
	}
	values, ok := parameters(rawQuery)
	name := values["operationName"]
	delete(values, "operationName")
	if !ok || len(values) > 0 || !utf8.Valid(body) {
		return Refuse(Malformed)
	}
	op := fromBody(form, body)
	if name != "" && op.Refused == "" && op.Name != name {
		return Refuse(Malformed)
	}
	return op
}

func fromBody(form form, body []byte) *Operation {
	if form == asDocument {
		return request{query: string(body)}.operationAsked()
	}
	if bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("[")) {
		return Refuse(Batch)
	}
	keys, ok := object(body, requestKeys)
	if !ok {
		return Refuse(Malformed)
	}
	var r request
	ok = text(keys["query"], &r.query) && text(keys["operationName"], &r.operation) && r.readExtensions(keys["extensions"])
	for _, key := range documentKeys {
		var id string
		ok = ok && text(keys[key], &id) && r.stored(id)
	}
	if !ok {
		return Refuse(Malformed)
	}
	return r.operationAsked()
}

// parameters returns the parameters of GraphQL in a raw query string, none of which
// may stand there twice.
func parameters(rawQuery string) (map[string]string, bool) {
	all, err := url.ParseQuery(rawQuery)
	if err != nil {
		return nil, false
	}
	found := map[string]string{}
	for key, values := range all {
		counts, ok := requestKeys.find(key)
		if !ok || counts && len(values) > 1 {
			return nil, false
		}
		if counts {
			found[key] = values[0]
		}
	}
	return found, true
}

package accesslog

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
)

// jsonRequest is a request in JSON.
type jsonRequest struct {
	Method  string      `json:"method"`
	Host    string      `json:"host"`
	URI     string      `json:"uri"`
	URL     string      `json:"url"`
	Path    string      `json:"path"`
	Headers http.Header `json:"headers"`
}

type jsonLine struct {
	Request *jsonRequest `json:"request"`
}

var errJSON = errors.New("no JSON of a request")

func parseJSON(line []byte) (Request, error) {
	var whole jsonLine
	if err := json.Unmarshal(line, &whole); err != nil {
		return Request{}, errJSON
	}
	r := whole.Request
	if r == nil {
		r = &jsonRequest{}
		if err := json.Unmarshal(line, r); err != nil {
			return Request{}, errJSON
		}
	}
	return newRequest(r.Method, r.Host, cmp.Or(r.URI, r.URL, r.Path), canonical(r.Headers))
}

// canonical returns headers under the names that net/http gives them.
func canonical(headers http.Header) http.Header {
	for name, values := range headers {
		if key := http.CanonicalHeaderKey(name); key != name {
			delete(headers, name)
			headers[key] = append(headers[key], values...)
		}
	}
	return headers
}

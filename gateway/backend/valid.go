package backend

import (
	"errors"
	"fmt"
	"net/http"

	"golang.org/x/net/http/httpguts"
)

// errInvalid is wrapped by the errors of answers that are none. They are failures of the
// backend.
var errInvalid = errors.New("the backend's answer is not valid HTTP")

// validate says why an answer can't be passed on: net/http takes any number for a status,
// and nearly all bytes in a header field, that of a field with a blank before its colon
// included. Written to a client they would be dropped, changed or read as something else.
func validate(answer *http.Response) error {
	if answer.StatusCode < 100 || answer.StatusCode > 999 {
		return fmt.Errorf("%w: status %d", errInvalid, answer.StatusCode)
	}
	for name, values := range answer.Header {
		if !httpguts.ValidHeaderFieldName(name) {
			return fmt.Errorf("%w: a header named %q", errInvalid, name)
		}
		for _, value := range values {
			if !httpguts.ValidHeaderFieldValue(value) {
				return fmt.Errorf("%w: the value of header %s", errInvalid, name)
			}
		}
	}
	return nil
}

package backend

import (
	"errors"
	"net/http"
)

// RoundTrip is a call of one try, for which nobody else can answer.
func (b *Backend) RoundTrip(r *http.Request) (response *http.Response, err error) {
	call, err := b.Admit(r.Context(), true)
	if err != nil {
		return nil, err
	}
	err = errors.New("the try panicked")
	defer func() { call.Finish(response, err) }()
	response, err = call.Try(r)
	return response, err
}

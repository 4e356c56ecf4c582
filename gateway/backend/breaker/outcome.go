package breaker

import (
	"context"
	"errors"
)

// Outcome is what a request came to, as the breaker sees it.
type Outcome int

// The outcomes.
const (
	Success  Outcome = iota
	Failure          // of the backend
	Excluded         // it says nothing about the backend
)

// Judge says what an answer, or the error in its place, is to a breaker. ctx is the
// request's.
//
// 500, 502, 503 and 504 are failures, and so is any error but the client's own: an error,
// or the cause of the context's end, that has a method ByClient() bool which says so, or
// that is context.Canceled. Who sets a shorter deadline because the client asked for it
// has to say so by such a cause, or clients could open breakers.
func Judge(ctx context.Context, status int, err error) Outcome {
	if err == nil {
		switch status {
		case 500, 502, 503, 504:
			return Failure
		}
		return Success
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = context.Cause(ctx) // of HTTP/2 we hear only that the context has ended
	}
	if byClient(err) || ctx.Err() != nil && byClient(context.Cause(ctx)) {
		return Excluded
	}
	return Failure
}

func byClient(err error) bool {
	var marked interface{ ByClient() bool }
	if errors.As(err, &marked) {
		return marked.ByClient()
	}
	return errors.Is(err, context.Canceled)
}

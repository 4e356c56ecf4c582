package resilience

import (
	"errors"
	"net/http"

	"ficus/gateway/telemetry"
)

// Statuses of gRPC.
const (
	grpcDeadlineExceeded = "4"
	grpcUnavailable      = "14"
)

// grpcAnswer tells a client of gRPC in its own words that no backend answered: an answer of
// trailers only, which are headers then. It is nil for all else, and for what is the
// client's doing.
func (run *Run) grpcAnswer(r *http.Request, o outcome) *http.Response {
	if !run.kind.grpc {
		return nil
	}
	status, message := grpcUnavailable, "the service does not answer"
	var timeout *TimeoutError
	switch {
	case errors.As(o.err, &timeout) && (timeout.kind == telemetry.TimeoutRequest || timeout.kind == telemetry.TimeoutDeadline):
		status, message = grpcDeadlineExceeded, "the time is up"
	case o.reason == noReason:
		return nil
	}
	return &http.Response{
		StatusCode: http.StatusOK, Proto: r.Proto, ProtoMajor: r.ProtoMajor, ProtoMinor: r.ProtoMinor, Request: r,
		Header: http.Header{"Content-Type": {"application/grpc"}, "Grpc-Status": {status}, "Grpc-Message": {message}},
		Body:   http.NoBody,
	}
}

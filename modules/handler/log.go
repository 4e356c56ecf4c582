package handler

import (
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"ficus/gateway/pipeline"
	"ficus/gateway/route"
	"ficus/gateway/split"
)

// log adds what became of a request to its line of the access log.
func (h *Handler) log(r *http.Request, x *pipeline.Exchange) {
	server, _ := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	line, _ := r.Context().Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields)
	if server == nil || server.Logs == nil || line == nil || x.Entry == nil {
		return
	}
	line.Add(zap.Dict("ficus", fields(x, h.pipeline.Pseudonym(x))...))
}

// fields are what a line says of an exchange:
//
//	route, stage      the route that took the request, and where it stands
//	side, backend     that answered, or failed last
//	clock             what decided the side: file, force or kill
//	chosen            the side that was chosen, where another answered
//	fallback          why legacy answered in the place of the new side
//	tries             how often the request was sent, where not once
//	cohort            0 to 9999, and cohort_from: what it was taken from
//	forced, killed    true where the request or the kill switch decided the side
//	policy            allowed or denied, with policy_cause, and policy_mode where it only observes
//	principal         16 digits that stand for who asks, the same for the same one, and
//	                  identified_by: the source that vouches
//	total_ms          from the request's arrival to the end of its answer; of it backend_ms until
//	                  backends had answered, and overhead_ms that the gateway itself added before
//	                  the answer began
//	received_bytes    of the request's body that a backend was sent
//	sent_bytes        of the answer's body
//	trace_id          where requests are traced
//	request_id        where the handler has request_id
func fields(x *pipeline.Exchange, principal string) []zap.Field {
	served := x.Served()
	list := []zap.Field{
		zap.String("route", x.Entry.ID),
		zap.String("side", served.String()),
		zap.String("backend", x.Entry.BackendOf(served)),
		zap.String("stage", x.Entry.Stage.String()),
	}
	list = append(list, choice(x, served)...)
	list = append(list, asked(x, principal)...)
	list = append(list,
		milliseconds("total_ms", x.Took), milliseconds("backend_ms", x.Backend()), milliseconds("overhead_ms", x.Overhead),
		zap.Int64("received_bytes", x.Received()), zap.Int64("sent_bytes", x.Sent()),
	)
	if id := x.TraceID(); id != "" {
		list = append(list, zap.String("trace_id", id))
	}
	if id := x.ID(); id != "" {
		list = append(list, zap.String("request_id", id))
	}
	return list
}

// choice is how the side came about.
func choice(x *pipeline.Exchange, served route.Side) (list []zap.Field) {
	if x.Clock == "" {
		return nil // refused before a side was chosen
	}
	list = append(list, zap.String("clock", x.Clock))
	if x.Side != served {
		list = append(list, zap.String("chosen", x.Side.String()))
	}
	if reason := x.Fallback(); reason != "" {
		list = append(list, zap.String("fallback", reason))
	}
	if x.Tries() != 1 {
		list = append(list, zap.Int("tries", x.Tries()))
	}
	if x.Cohort >= 0 {
		list = append(list, zap.Int("cohort", x.Cohort), zap.String("cohort_from", x.Source.String()))
	}
	switch x.Clock {
	case split.ClockForce:
		list = append(list, zap.Bool("forced", true))
	case split.ClockKill:
		list = append(list, zap.Bool("killed", true))
	}
	return list
}

// asked is who asked, and what the policy said.
func asked(x *pipeline.Exchange, principal string) (list []zap.Field) {
	if d := x.Decision; d != nil {
		word := "denied"
		if d.Allow {
			word = "allowed"
		}
		list = append(list, zap.String("policy", word), zap.String("policy_cause", string(d.Cause)))
		if x.Entry.Mode == route.Observe {
			list = append(list, zap.String("policy_mode", x.Entry.Mode.String()))
		}
	}
	if x.Principal != nil {
		list = append(list, zap.String("principal", principal), zap.String("identified_by", x.Principal.Source))
	}
	return list
}

// milliseconds are exact to a microsecond.
func milliseconds(key string, d time.Duration) zap.Field {
	return zap.Float64(key, float64(d.Microseconds())/1000)
}

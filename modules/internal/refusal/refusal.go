// Package refusal is what Caddy handlers answer beside a status: who is refused by a
// policy, and a client that waits to send its body.
package refusal

import (
	"net/http"

	"ficus/gateway/pipeline"
)

// Header writes what the policy answers, and by which name the request is found in the
// decision log: never why.
func Header(to http.Header, answered map[string]string, requestID string) {
	Set(to, answered)
	to.Set("X-Request-Id", requestID)
	to.Set("Cache-Control", "no-store")
}

// Set writes what else belongs to an answer.
func Set(to http.Header, answered map[string]string) {
	for name, value := range answered {
		to.Set(name, value)
	}
}

// Close ends the connection after an answer of the gateway's own, where nobody knows where
// the next request would begin: after one that is broken, after one that somebody in front
// may have read differently, and where a client waits for 100 Continue, since its body may
// still come or not (RFC 9110, 10.1.1).
func Close(to http.Header, r *http.Request, status int) {
	if r.ProtoMajor == 1 && (status == http.StatusBadRequest || r.Header.Get("Expect") != "") || pipeline.EndsConnection(r) {
		to.Set("Connection", "close")
	}
}

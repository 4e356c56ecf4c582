// Package refusal is what Caddy handlers answer beside a status: who is refused by a
// policy, and a client that waits to send its body.
package refusal

import "net/http"

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

// CloseIfExpecting ends the connection after an answer to a client that waits for
// 100 Continue: whether its body still comes, nobody knows (RFC 9110, 10.1.1).
func CloseIfExpecting(to http.Header, r *http.Request) {
	if r.ProtoMajor == 1 && r.Header.Get("Expect") != "" {
		to.Set("Connection", "close")
	}
}

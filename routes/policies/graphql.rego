# Questions in GraphQL, which has no way to change anything: everybody may ask.
package shop.graphql

decision := {"allow": true} if {
	input.method in {"GET", "HEAD", "POST"}
} else := {"allow": false, "reason": "no question", "status": 405, "headers": {"Allow": "GET, HEAD, POST"}}

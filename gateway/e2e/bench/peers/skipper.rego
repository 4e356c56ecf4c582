# The policy of orders.rego, and who asks, which Ficus knows before it asks.
package bench

default allow := false

keys := `{{.Keys}}`

request := input.attributes.request.http

verified := io.jwt.decode_verify(trim_prefix(request.headers.authorization, "Bearer "), {"cert": keys, "iss": "https://id.example.com", "aud": "shop"})

claims := verified[2] if verified[0]

allow if {
	claims.role == "customer"
	own
}

allow if claims.role == "admin"

own if {
	request.method == "GET"
	claims.sub != ""
	input.parsed_path[count(input.parsed_path) - 1] != claims.blocked
}

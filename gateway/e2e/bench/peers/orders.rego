{{if .Policy -}}
# A customer sees orders, but one; staff all.
package bench.orders

decision := {"allow": true} if {
	input.principal.claims.role == "customer"
	own
} else := {"allow": true} if {
	input.principal.claims.role == "admin"
}

own if {
	input.method == "GET"
	input.principal.id != ""
	input.segments[count(input.segments) - 1] != input.principal.claims.blocked
}
{{end}}
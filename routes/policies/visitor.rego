# Who visits the shop, and how the shop answers who may not: what its policies share.
# It is no policy itself.
package shop.visitor

logged_in if input.principal.anonymous == false

# Staff are customers too. A principal without one of the shop's roles is none.
customer if {
	input.principal.claims.role == "customer"
	logged_in
}

customer if admin

admin if {
	input.principal.claims.role == "admin"
	logged_in
}

reads if input.method == "GET"

reads if input.method == "HEAD"

# Programs of the shop are told, people are sent to the login and back, as in the monolith.
refusal := unauthorized({"WWW-Authenticate": `Session realm="shop"`}, "not logged in") if {
	not logged_in
	api
} else := {
	"allow": false, "reason": "not logged in", "status": 303,
	"headers": {
		"Location": concat("", ["/login?next=", urlquery.encode(next)]),
		"Cache-Control": "private, no-store",
	},
} if {
	not logged_in
} else := {"allow": false, "reason": "not allowed", "status": 403}

unauthorized(headers, reason) := {"allow": false, "reason": reason, "status": 401, "headers": headers}

api if startswith(input.path, "/api/")

# A form can't be sent again after the login.
next := input.path if {
	reads
} else := "/account"

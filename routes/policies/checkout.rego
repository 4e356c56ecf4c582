# Placing an order: a customer, and one who logged in not long ago.
package shop.checkout

decision := {"allow": true} if {
	data.shop.visitor.customer
	fresh
} else := data.shop.visitor.unauthorized(again, "the login is too old") if {
	data.shop.visitor.customer
} else := data.shop.visitor.refusal

# No older than 15 minutes; the clocks of the house may differ by 30 seconds.
fresh if {
	began := input.principal.claims.auth_time * 1000000000
	now := time.now_ns()
	now - began <= 900000000000
	began - now <= 30000000000
}

# A page too says 401 and does not redirect: the login page sends who is logged in back at once.
again := {"WWW-Authenticate": `Session realm="shop", error="insufficient_user_authentication", max_age=900`}

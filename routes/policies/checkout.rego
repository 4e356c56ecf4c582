# Placing an order: a customer, and one who logged in not long ago.
package shop.checkout

decision := {"allow": true} if {
	data.shop.visitor.customer
	fresh
} else := data.shop.visitor.unauthorized(again, "the login is too old") if {
	data.shop.visitor.customer
} else := data.shop.visitor.refusal

longest := 15 * 60 # seconds since the login

skew := 30 # seconds by which the clocks of the house may differ

fresh if {
	age := (time.now_ns() / 1000000000) - input.principal.claims.auth_time
	age <= longest
	age >= -skew
}

# A page too says 401 and does not redirect: the login page sends who is logged in back at once.
again := {"WWW-Authenticate": sprintf(`Session realm="shop", error="insufficient_user_authentication", max_age=%d`, [longest])}

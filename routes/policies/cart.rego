# The cart of the session: a guest has one, and so has a customer.
package shop.cart

decision := {"allow": true} if {
	input.principal.anonymous
} else := {"allow": true} if {
	data.shop.visitor.customer
} else := data.shop.visitor.refusal

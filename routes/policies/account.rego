# A customer's own account. Paths name nobody else's.
package shop.account

decision := {"allow": true} if {
	data.shop.visitor.customer
} else := data.shop.visitor.refusal

# Past orders: a customer sees its own, staff all. Nothing is changed here; orders are
# placed under shop.checkout.
package shop.orders

decision := {"allow": true} if {
	data.shop.visitor.reads
	data.shop.visitor.customer
	own
} else := data.shop.visitor.refusal

own if data.shop.visitor.admin

own if {
	every name, value in input.params { mine(name, value) }
}

# Whose an order is, the service knows that keeps it: another's is not found there. A
# parameter that names the customer must name who asks, and no other parameter is known.
mine("id", _)

mine("customer", value) if value == input.principal.id

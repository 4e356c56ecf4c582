# The staff's part of the shop: products, pictures, exports.
package shop.admin

decision := {"allow": true} if {
	data.shop.visitor.admin
} else := data.shop.visitor.refusal

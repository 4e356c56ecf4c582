package shop.orders

import data.shop.nothing

allow if {
	roles := input.principal.claims.roles
	http.send({"method": "GET", "url": "http://example.com/"})
}

# The catalog: everybody may look, and nobody changes it here.
package shop.browse

decision := {"allow": true} if {
	data.shop.visitor.reads
} else := {"allow": false, "reason": "not to be changed here", "status": 405, "headers": {"Allow": "GET, HEAD"}}

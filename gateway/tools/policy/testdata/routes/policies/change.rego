package shop.change

decision := {"allow": true, "claims": {"scope": "orders"}, "obligations": {"mask": ["path"]}} if {
	input.body.amount < 100
} else := {"allow": false, "reason": "too much", "status": 422, "headers": {"Retry-After": "60"}}

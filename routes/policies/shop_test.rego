package shop_test

guest := {"anonymous": true, "id": "", "source": "", "claims": {}}

user(id, role) := {
	"anonymous": false, "id": id, "source": "session",
	"claims": {"sub": id, "role": role, "email": "u@shop.example", "name": "U", "auth_time": 1700000000},
}

customer := user("7", "customer")

admin := user("1", "admin")

stranger := user("9", "supplier")

get(path, principal) := {
	"method": "GET", "path": path, "params": {}, "principal": principal,
}

post(path, principal) := object.union(get(path, principal), {"method": "POST"})

# with_params is a request whose match took parameters.
with_params(request, params) := object.union(request, {"params": params})

# refused_api, refused_page and forbidden are the monolith's own answers.
refused_api(d) if {
	d.allow == false
	d.status == 401
	d.headers["WWW-Authenticate"] == `Session realm="shop"`
}

refused_page(d, next) if {
	d.allow == false
	d.status == 303
	d.headers.Location == concat("", ["/login?next=", next])
}

forbidden(d) if {
	d.allow == false
	d.status == 403
	not d.headers
}

test_browse_everybody if {
	every principal in [guest, customer, admin, stranger] {
		data.shop.browse.decision.allow with input as get("/api/products/17", principal)
		data.shop.browse.decision.allow with input as object.union(get("/search", principal), {"method": "HEAD"})
	}
}

test_browse_changes_nothing if {
	every method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get"] {
		d := data.shop.browse.decision with input as object.union(get("/api/products/17", admin), {"method": method})
		d.allow == false
		d.status == 405
	}
}

test_graphql if {
	data.shop.graphql.decision.allow with input as get("/graphql", guest)
	data.shop.graphql.decision.allow with input as post("/graphql", guest)
	not data.shop.graphql.decision.allow with input as object.union(get("/graphql", admin), {"method": "DELETE"})
}

test_cart_of_guests_and_customers if {
	every principal in [guest, customer, admin] {
		data.shop.cart.decision.allow with input as get("/api/cart", principal)
		data.shop.cart.decision.allow with input as post("/api/cart/items", principal)
	}
	forbidden(data.shop.cart.decision) with input as post("/api/cart/items", stranger)
}

test_account if {
	data.shop.account.decision.allow with input as get("/api/account", customer)
	data.shop.account.decision.allow with input as post("/account", admin)
}

test_account_refuses if {
	forbidden(data.shop.account.decision) with input as get("/api/account", stranger)
	refused_api(data.shop.account.decision) with input as get("/api/account", guest)
	refused_page(data.shop.account.decision, "%2Faccount") with input as get("/account", guest)
}

test_orders_own if {
	data.shop.orders.decision.allow with input as get("/api/orders", customer)
	data.shop.orders.decision.allow with input as with_params(get("/api/orders/17", customer), {"id": "17"})
	data.shop.orders.decision.allow with input as with_params(get("/api/customers/7/orders", customer), {"customer": "7"})
}

test_orders_of_another if {
	request := with_params(get("/api/customers/8/orders", customer), {"customer": "8"})
	forbidden(data.shop.orders.decision) with input as request
	data.shop.orders.decision.allow with input as object.union(request, {"principal": admin})
}

test_orders_unknown_parameter if {
	forbidden(data.shop.orders.decision) with input as with_params(get("/api/users/8/orders", customer), {"user": "8"})
}

test_orders_claims_are_no_id if {
	forged := object.union(customer, {"claims": {"sub": "8", "role": "customer"}})
	not data.shop.orders.decision.allow with input as with_params(get("/api/customers/8/orders", forged), {"customer": "8"})
}

test_orders_are_only_read if {
	forbidden(data.shop.orders.decision) with input as post("/api/orders", customer)
}

test_orders_anonymous if {
	refused_api(data.shop.orders.decision) with input as with_params(get("/api/orders/17", guest), {"id": "17"})
	refused_page(data.shop.orders.decision, "%2Forders%2F17%2Finvoice.csv") with input as get("/orders/17/invoice.csv", guest)
}

test_admin if {
	every request in [
		get("/admin/export.csv", admin),
		post("/admin/products/17/picture", admin),
	] {
		data.shop.admin.decision.allow with input as request
		forbidden(data.shop.admin.decision) with input as object.union(request, {"principal": customer})
		forbidden(data.shop.admin.decision) with input as object.union(request, {"principal": stranger})
	}
}

test_admin_anonymous if {
	refused_page(data.shop.admin.decision, "%2Fadmin%2Fexport.csv") with input as get("/admin/export.csv", guest)
	refused_page(data.shop.admin.decision, "%2Faccount") with input as post("/admin/products/17/picture", guest)
}

test_roles_need_a_login if {
	every principal in [object.union(admin, {"anonymous": true}), object.remove(admin, ["anonymous"])] {
		not data.shop.admin.decision.allow with input as get("/admin", principal)
		not data.shop.account.decision.allow with input as get("/api/account", principal)
	}
}

seconds := 1000000000

test_checkout_fresh if {
	every age in [-30, 0, 1, 900] {
		data.shop.checkout.decision.allow with input as post("/checkout", customer)
			with time.now_ns as (1700000000 + age) * seconds
	}
}

test_checkout_old if {
	every age in [-31, 901, 86400] {
		d := data.shop.checkout.decision with input as post("/api/orders", customer)
			with time.now_ns as (1700000000 + age) * seconds
		d.allow == false
		d.status == 401
		contains(d.headers["WWW-Authenticate"], "max_age=900")
	}
}

test_checkout_without_time if {
	every login in [null, "1700000000", true, {}] {
		d := data.shop.checkout.decision with input as post("/checkout", object.union(customer, {"claims": {"role": "customer", "auth_time": login}}))
			with time.now_ns as 1700000000 * seconds
		d.allow == false
	}
}

test_checkout_refuses if {
	refused_api(data.shop.checkout.decision) with input as post("/api/orders", guest)
	refused_page(data.shop.checkout.decision, "%2Fcheckout") with input as get("/checkout", guest)
	refused_page(data.shop.checkout.decision, "%2Faccount") with input as post("/checkout", guest)
	forbidden(data.shop.checkout.decision) with input as post("/checkout", stranger)
}

test_nothing_known if {
	not data.shop.cart.decision.allow with input as {}
	not data.shop.account.decision.allow with input as {}
	not data.shop.orders.decision.allow with input as {}
	not data.shop.admin.decision.allow with input as {}
	not data.shop.checkout.decision.allow with input as {}
	not data.shop.browse.decision.allow with input as {}
}

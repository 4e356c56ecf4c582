package dashboardtest

import "fmt"

// The names of the backends beside legacy.
const (
	cart    = "cart"    // two addresses, health, a queue
	catalog = "catalog" // gets copies
	orders  = "orders"  // its breaker stays open
)

// A Stand is where the cart stands.
type Stand struct {
	Stage  string
	Weight int // percent, at stage canary
}

// files are the route files of a scene.
func (s *Scene) files() map[string]string {
	return map[string]string{
		"legacy.yaml":          fmt.Sprintf(legacyFile, s.Legacy.URL),
		"cart.yaml":            s.cartFile(half),
		"catalog.yaml":         fmt.Sprintf(catalogFile, s.Catalog.URL),
		"orders.yaml":          s.ordersFile("min_requests: 1000000"),
		"policies/cart.rego":   cartPolicy,
		"policies/browse.rego": browsePolicy,
	}
}

const legacyFile = `backends:
  legacy:
    addresses: [%q]
    fallback_limit: { max_inflight: 4 }

folder_defaults:
  owner: team-shop
  cohort: [header:X-Client, client_ip]
  policy: public
  paths: exact

routes:
  - id: events
    match: GET /events
  - id: reports
    description: what can wait
    match: /reports/
    priority: low
  - id: search
    match: GET /search
    rate_limit: { rate: 1/h, burst: 2 }
`

const browsePolicy = `package shop.browse

default allow := true

allow := false if input.params.id == "secret"
`

const cartPolicy = `package shop.cart

default allow := false

allow if input.headers["x-client"] != "guest"
`

func (s *Scene) cartFile(at Stand) string {
	return fmt.Sprintf(`backends:
  cart:
    addresses: [%q, %q]
    health: { path: /healthz, every: 100ms }
    breaker: { open_for: 100ms, ramp: 1ms }
    max_inflight: 2
    queue: { size: 2, timeout: 1m }

defaults:
  group: cart
  backend: cart
  stage: %s
  weight: %d
  policy: shop.cart
  policy_input: { headers: [X-Client] }

routes:
  - id: cart-read
    match: GET /api/cart
    try_timeout: 50ms
    expires: 2099-12-31
  - id: cart-export
    match: GET /api/cart/export
    stage: new
  - id: cart-add
    match: POST /api/cart
`, s.Cart.URL, s.SecondCart.URL, at.Stage, at.Weight)
}

const catalogFile = `backends:
  catalog:
    addresses: [%q]
    breaker: { enabled: off }
    shadow_limit: { max_inflight: 1, queue: 2 }

defaults:
  group: catalog
  backend: catalog
  stage: shadow
  policy: shop.browse
  mode: observe

routes:
  - id: catalog-list
    match: GET /api/products
  - id: catalog-product
    match: GET /api/products/{id}
  - id: catalog-graphql
    match: POST /graphql
    when: { graphql: { fields: [products] } }
`

func (s *Scene) ordersFile(breaker string) string {
	return fmt.Sprintf(ordersFile, s.Orders.URL, breaker)
}

const ordersFile = `backends:
  orders:
    addresses: [%q]
    breaker: { %s }
    retry_budget: { ratio: 0.01, floor: 0 }

defaults:
  group: orders
  backend: orders
  stage: new

routes:
  - id: orders-list
    match: GET /api/orders
    faults: [ { header: { X-Rehearsal: "*" }, abort: 503 } ]
  - id: orders-order
    match: GET /api/orders/{id}
    fallback: { enabled: off }
`

package dashboardtest

import (
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Everything is a load in which all happens that a gateway counts: both sides serve, fail
// and come back, routes move, copies differ, clients are refused, and folders are broken.
// It ends with a gateway that is well, but for the breaker of orders, which lets few
// requests through.
func (s *Scene) Everything() {
	s.t.Helper()
	s.Pass(2*time.Minute, s.Browse)
	s.failures()
	s.copies()
	s.refusals()
	s.crowds()
	s.moves()
	s.breaker()
	s.Pass(2*time.Minute, s.Browse)
}

// half is where the cart stands at first.
var half = Stand{"canary", 50}

// failures are those of the new side: that it says so, that it breaks connections, that it
// hangs, and that it is sick.
func (s *Scene) failures() {
	s.Orders.Fail(http.StatusServiceUnavailable)
	s.Cart.Fail(http.StatusInternalServerError)
	s.Pass(time.Minute, s.Browse)
	s.Orders.Recover()
	s.Cart.Break()
	s.Pass(time.Minute, s.Browse)
	first, second := s.Cart.Hang(), s.SecondCart.Hang()
	s.Pass(30*time.Second, s.Repeat(20, "GET", "/api/cart"))
	first()
	second()
	s.Cart.Sick()
	s.Await("ficus_backend_health_checks_total", `"failed"`, 2)
	s.Pass(30*time.Second, s.Browse)
	s.Cart.Recover()
	s.Legacy.Fail(http.StatusInternalServerError)
	s.Pass(30*time.Second, s.Browse)
	s.Legacy.Recover()
}

// copies differ, are not made, or wait.
func (s *Scene) copies() {
	s.Catalog.Say(`{"ok":false}`)
	s.Pass(time.Minute, s.Browse, func() {
		s.Ask("", "GET", "/api/products/secret", "")
		s.Ask("", "POST", "/graphql", `{"query":"{products{id}}"}`, "Content-Type", "application/json")
		s.Ask("", "POST", "/graphql", `[{"query":"{products{id}}"}]`, "Content-Type", "application/json")
	})
	release := s.Catalog.Hang()
	s.Repeat(3, "GET", "/api/products")()
	s.Await("ficus_shadow_in_flight", "", 1)
	s.Await("ficus_shadow_queued", "", 1)
	s.Prometheus.Scrape(s.Gateway.Metrics())
	release()
	s.Scrape()
}

// refusals are those of policies, of rate limits and of rehearsals, and what is killed.
func (s *Scene) refusals() {
	s.Pass(time.Minute, func() { s.Ask("guest", "GET", "/api/cart", "") },
		s.Repeat(4, "GET", "/search"), s.Repeat(2, "GET", "/api/orders", "X-Rehearsal", "1"))
	s.Kill(true, "cart-read")
	s.Pass(30*time.Second, s.Browse)
	s.Kill(false, "cart-read")
	s.SetBreaker(cart, "open")
	s.Pass(30*time.Second, s.Browse)
	s.SetBreaker(cart, "auto")
}

// crowds are more requests than the gateway, a backend or legacy takes, and streams that
// stay open.
func (s *Scene) crowds() {
	s.Keep(15, "/page", s.Legacy.Hang(), func() {
		s.Pass(30*time.Second, s.Repeat(2, "GET", "/reports/"))
	})
	s.closed()
	first, second := s.Cart.Hang(), s.SecondCart.Hang()
	s.Keep(4, "/api/cart/export", func() { first(); second() }, func() {
		s.Await("ficus_backend_queued", cart, 2)
		s.Scrape()
	})
	s.Orders.Fail(http.StatusServiceUnavailable)
	s.Keep(2, "/api/orders", s.Legacy.Hang(), func() {
		s.Await("ficus_fallbacks_in_flight", "", 2)
		s.Scrape()
	})
	s.Orders.Recover()
	s.Legacy.Answer(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: 1\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	s.Keep(1, "/events", func() {}, func() {
		s.Await("ficus_streams_open", "events", 1)
		s.Scrape()
	})
	s.Legacy.Recover()
	s.connect()
}

// connect has clients open more connections than they may.
func (s *Scene) connect() {
	var open []net.Conn
	for range 2 * connections {
		if c, err := net.Dial("tcp", strings.TrimPrefix(s.Gateway.URL, "http://")); err == nil {
			open = append(open, c)
		}
	}
	s.Await("ficus_connections_refused_total", `"all"`, 1)
	s.Prometheus.Scrape(s.Gateway.Metrics())
	for _, c := range open {
		_ = c.Close()
	}
	s.Gateway.Await("them to be gone", func() bool { return sum(s.Gateway.Metrics(), "ficus_connections_open") < connections/2 })
}

// closed asks for the cart until its breaker lets all requests through.
func (s *Scene) closed() {
	s.Gateway.Await("the breaker of the cart to be closed", func() bool {
		s.Ask("", "GET", "/api/cart/export", "")
		return sum(s.Gateway.Metrics(), "ficus_backend_breaker_share_ratio", cart) == 1
	})
}

// moves are edits of the folder, good ones and bad ones.
func (s *Scene) moves() {
	for _, to := range []Stand{{"legacy", 0}, {"shadow", 0}, {"canary", 10}, {"canary", 50}, {"new", 0}, {"retired", 0}} {
		s.Move(to)
		s.Pass(30*time.Second, s.Browse)
	}
	s.Edit("cart.yaml", "routes: [ { id: cart-read, match: GET /api/cart, stage: moved } ]\n")
	s.Pass(time.Minute, s.Browse)
	s.Move(half)
	s.Edit("policies/cart.rego", "package shop.cart\n\nallow if\n")
	s.Pass(time.Minute, s.Browse)
	s.Edit("policies/cart.rego", cartPolicy+"\n# again\n")
	s.Gateway.Reload()
	s.Pass(30*time.Second, s.Browse)
}

// breaker opens that of orders for good, and then another one that comes back.
func (s *Scene) breaker() {
	s.Edit("orders.yaml", s.ordersFile("min_requests: 5, open_for: 1h"))
	s.Orders.Fail(http.StatusInternalServerError)
	s.Pass(time.Minute, s.Repeat(10, "GET", "/api/orders"))
	s.Edit("orders.yaml", s.ordersFile("min_requests: 5, open_for: 100ms, ramp: 1h"))
	s.Pass(30*time.Second, s.Repeat(10, "GET", "/api/orders"))
	s.Orders.Recover()
	s.Gateway.Await("orders to come back", func() bool {
		s.Ask("", "GET", "/api/orders", "")
		return sum(s.Gateway.Metrics(), "ficus_backend_breaker_share_ratio", orders) > 0
	})
	s.Pass(30*time.Second, s.Repeat(10, "GET", "/api/orders"))
}

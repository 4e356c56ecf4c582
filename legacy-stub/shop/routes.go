package shop

import (
	"net/http"

	"ficus/legacy-stub/shop/httpkit"
	"ficus/legacy-stub/shop/live"
)

// routes is the whole shop in one table.
func (s *Shop) routes() *http.ServeMux {
	mux := http.NewServeMux()
	s.pageRoutes(mux)
	s.adminRoutes(mux)
	s.apiRoutes(mux)
	s.liveRoutes(mux)
	mux.HandleFunc("GET /products/{id}/picture", s.servePicture)
	mux.Handle("GET /static/{file}", s.view.Static())
	mux.HandleFunc("GET /favicon.ico", s.view.Favicon)
	mux.HandleFunc("GET /robots.txt", robots)
	mux.HandleFunc("GET /healthz", s.healthz)
	if s.cfg.DemoFaults {
		mux.HandleFunc("/demo/slow", s.demoSlow)
		mux.HandleFunc("/demo/error", s.demoError)
	}
	return mux
}

func (s *Shop) pageRoutes(mux *http.ServeMux) {
	mux.Handle("GET /{$}", s.page(s.home))
	mux.Handle("GET /search", s.page(s.search))
	mux.Handle("GET /products/{id}", s.page(s.productPage))
	mux.Handle("GET /cart", s.page(s.cartPage))
	mux.Handle("POST /cart/items", s.page(s.cartAdd))
	mux.Handle("POST /cart/items/{id}", s.page(s.cartSet))
	mux.Handle("POST /cart/items/{id}/remove", s.page(s.cartRemove))
	mux.Handle("GET /checkout", s.page(s.customer(s.checkout)))
	mux.Handle("POST /checkout", s.page(s.customer(s.placeOrder)))
	mux.Handle("GET /login", s.page(s.loginPage))
	mux.Handle("POST /login", s.page(s.login))
	mux.Handle("POST /logout", s.page(s.logout))
	mux.Handle("GET /register", s.page(s.registerPage))
	mux.Handle("POST /register", s.page(s.register))
	mux.Handle("GET /account", s.page(s.customer(s.account)))
	mux.Handle("POST /account", s.page(s.customer(s.saveAccount)))
	mux.Handle("GET /orders", s.page(s.customer(s.ordersPage)))
	mux.Handle("GET /orders/{id}", s.page(s.customer(s.orderPage)))
	mux.Handle("GET /orders/{id}/invoice.csv", s.page(s.customer(s.invoice)))
}

func (s *Shop) adminRoutes(mux *http.ServeMux) {
	mux.Handle("GET /admin", s.page(s.admin(s.adminPage)))
	mux.Handle("GET /admin/export.csv", s.page(s.admin(s.export)))
	mux.Handle("GET /admin/products/new", s.page(s.admin(s.newProductPage)))
	mux.Handle("POST /admin/products", s.page(s.admin(s.addProduct)))
	mux.Handle("GET /admin/products/{id}", s.page(s.admin(s.editProductPage)))
	mux.Handle("POST /admin/products/{id}", s.page(s.admin(s.saveProduct)))
	mux.Handle("POST /admin/products/{id}/stock", s.page(s.admin(s.setStock)))
	mux.Handle("POST /admin/products/{id}/delete", s.page(s.admin(s.deleteProduct)))
	mux.Handle("POST /admin/products/{id}/picture", s.upload(s.admin(s.uploadPicture)))
}

func (s *Shop) apiRoutes(mux *http.ServeMux) {
	mux.Handle("GET /api/products", s.api(s.apiProducts))
	mux.Handle("GET /api/products/{id}", s.api(s.apiProduct))
	mux.Handle("GET /api/cart", s.api(s.apiCart))
	mux.Handle("POST /api/cart/items", s.api(s.apiCartAdd))
	mux.Handle("PUT /api/cart/items/{id}", s.api(s.apiCartSet))
	mux.Handle("PATCH /api/cart/items/{id}", s.api(s.apiCartSet))
	mux.Handle("DELETE /api/cart/items/{id}", s.api(s.apiCartRemove))
	mux.Handle("GET /api/orders", s.api(s.apiCustomer(s.apiOrders)))
	mux.Handle("POST /api/orders", s.api(s.apiCustomer(s.apiPlaceOrder)))
	mux.Handle("GET /api/orders/{id}", s.api(s.apiCustomer(s.apiOrder)))
	mux.Handle("GET /api/account", s.api(s.apiCustomer(s.apiAccount)))
	mux.HandleFunc("GET /api/session", s.apiSession)
	mux.Handle("GET /graphql", s.api(s.graphqlGet))
	mux.Handle("POST /graphql", s.api(s.graphqlPost))
}

func (s *Shop) liveRoutes(mux *http.ServeMux) {
	mux.Handle("GET /events/stock", &live.StockStream{
		Hub: s.hub, Gate: s.gate, Products: s.db.ProductsFrom, Heartbeat: s.cfg.Heartbeat,
	})
	mux.Handle("GET /ws/support", &live.Support{Gate: s.gate, Visitor: s.supportVisitor})
}

// chain puts around the routes what every request passes, outermost last.
func (s *Shop) chain(mux *http.ServeMux) http.Handler {
	foreign := http.NewCrossOriginProtection()
	foreign.SetDenyHandler(s.refuse(http.StatusForbidden, "this request came from another site"))
	h := foreign.Handler(s.orUnmatched(mux))
	h = httpkit.Gzip(h)
	h = httpkit.Recover(s.log, s.refuse(http.StatusInternalServerError, sorry), h)
	h = safeHeaders(h)
	h = tellName(h)
	return httpkit.Log(s.log, s.cfg.Now, h)
}

// safeHeaders tells browsers to be careful.
func safeHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// orUnmatched answers in the shop's own way what no route matches: 404, or 405 with the methods that the path has.
func (s *Shop) orUnmatched(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		probe := &probeWriter{header: http.Header{}}
		h.ServeHTTP(probe, r)
		if allow := probe.header.Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
			s.refuse(http.StatusMethodNotAllowed, "this address does not take "+r.Method).ServeHTTP(w, r)
			return
		}
		s.refuse(http.StatusNotFound, "there is nothing at this address").ServeHTTP(w, r)
	})
}

// probeWriter takes an answer of the mux to look at its headers.
type probeWriter struct{ header http.Header }

func (p *probeWriter) Header() http.Header         { return p.header }
func (p *probeWriter) Write(b []byte) (int, error) { return len(b), nil }
func (p *probeWriter) WriteHeader(int)             {}

// Package golden is "ficus routes test": cases that say what a route table has to do
// with a request, and a run of them. Cases stand in the folder tests/ of a folder of
// route files, which the gateway does not read:
//
//	# routes/tests/cart.yaml
//	cases:
//	  - name: a cart is read by its session
//	    request: GET https://shop.example/api/cart?full=1
//	    headers: { Accept: application/json }
//	    cookies: { shop_session: abc }
//	    want:
//	      route: cart-read
//	      side: canary
//	      policy: public
//
//	  - name: the first tenth of the clients has moved
//	    request: GET /api/cart
//	    cohort: 999
//	    want: { side: new, backend: cart, rewrite: { path: /v2/cart } }
//
//	  - request: CONNECT shop.example:443
//	    want: { status: 400 }
//
// The comments on [Case] and [Want] are the manual. A case asks what the gateway asks:
// room 1 of the pipeline for the route, package split for the side. Of the answer only
// what its want names is compared. What a case can't know is the gateway's key: a
// request falls into the cohort that the case gives, or its side is "canary".
//
// A run also counts which routes are reached, whatever was wanted of them.
package golden

import (
	"fmt"

	"ficus/gateway/route"
)

// Folder is where the cases are, inside of the folder of route files.
const Folder = "tests"

// document is the shape of a file of cases.
type document struct {
	// Cases lists the cases, each by itself.
	Cases []Case `yaml:"cases"`
}

// A Case is one request and what has to become of it.
type Case struct {
	// Name says what the case is about. It need not be unique. Default: the request.
	Name string `yaml:"name"`

	// Request is method and target: "GET /api/cart?x=1", or with a whole URL, "GET
	// https://shop.example/api/cart", whose host becomes the Host header. Without
	// that, and without one among the headers, the host is localhost. The target is
	// taken byte for byte: escapes, dots and slashes stay as they are written.
	// Required.
	Request string `yaml:"request"`

	// Headers lists headers by name, each with one value. Default: none.
	Headers map[string]string `yaml:"headers"`

	// Cookies lists cookies by name. Default: none.
	Cookies map[string]string `yaml:"cookies"`

	// Body is the body, of the type application/json unless the headers say otherwise.
	// Default: none.
	Body string `yaml:"body"`

	// ClientIP is the client's address. Default: 127.0.0.1.
	ClientIP string `yaml:"client_ip"`

	// Claims lists what a token says of who is logged in. Default: nobody is.
	Claims map[string]string `yaml:"claims"`

	// Cohort is the cohort that the client falls into, 0 to 9,999, whatever the request
	// holds; only stage canary asks for it. Default: not known.
	Cohort *int `yaml:"cohort"`

	// Want says what has to become of the request. Required, with one key at least.
	Want Want `yaml:"want"`

	// Origin is where the case was written; the decoder fills it in.
	Origin route.Origin `yaml:"-"`
}

// Want is what has to become of a request. What is not given is not compared.
type Want struct {
	// Route is the id of the route that owns the request; "default" where none does,
	// so that legacy answers.
	Route string `yaml:"route"`

	// Side is the side that serves: "legacy" or "new"; or "canary", which says that it
	// depends on the cohort, at whatever weight.
	Side Side `yaml:"side"`

	// Backend is the name of the backend that serves.
	Backend string `yaml:"backend"`

	// Policy is the name of the policy that decides who may; "" is none.
	Policy *string `yaml:"policy"`

	// Params lists what wildcards of the match took, by name and decoded. Those that
	// are not listed are not compared.
	Params map[string]string `yaml:"params"`

	// Rewrite is what the backend gets of the request, after the route's rewrites.
	Rewrite Sent `yaml:"rewrite"`

	// Status is what the gateway itself answers where it refuses the request before any
	// route is asked: 400. It excludes all other keys.
	Status int `yaml:"status"`

	// Origin is where the mapping was written; the decoder fills it in.
	Origin route.Origin `yaml:"-"`
}

// Sent is what a backend gets of a request. What is not given is not compared.
type Sent struct {
	// Path is the path as it goes over the wire, escaped: "/v2/carts/7".
	Path string `yaml:"path"`

	// Query is the query as it goes over the wire: "page=2&lang=de"; "" is none.
	Query *string `yaml:"query"`

	// Host is the Host header.
	Host string `yaml:"host"`

	// Headers lists headers by name and their first value; "" is for a header that is
	// not sent.
	Headers map[string]string `yaml:"headers"`
}

// A Side is what side a case wants: legacy, new, or Canary.
type Side string

// Canary is the side that depends on the cohort.
const Canary Side = "canary"

// UnmarshalText reads a side as written in a case.
func (s *Side) UnmarshalText(text []byte) error {
	switch string(text) {
	case "legacy", "new", "canary":
		*s = Side(text)
		return nil
	}
	return fmt.Errorf("unknown side %q (use legacy, new or canary)", text)
}

// title is what the case is called.
func (c *Case) title() string {
	if c.Name != "" {
		return c.Name
	}
	return c.Request
}

package command

import (
	"io"
	"text/template"

	"ficus/gateway/demo"
)

var demoPage = template.Must(template.New("page").Parse(`
  Ficus demo: a shop that is being taken apart

  Shop          {{.Gateway.URL}}   through the gateway
  Monolith      {{.Gateway.Legacy}}   the same shop, directly
  Console       {{.Gateway.Console}}   who serves what, how well, and the kill switch
  Metrics       {{.Gateway.Metrics}}

  Accounts      alice@example.com   alice-demo   customer
                admin@example.com   admin-demo   admin

  Route files   {{.Gateway.Routes}}
                legacy.yaml    the monolith
                catalog.yaml   products: GET /api/products and /api/products/{id}, and
                               the fields products and product of /graphql
                cart.yaml      the cart: /api/cart and below
                orders.yaml    past orders, by API and as pages; accounts.yaml likewise
                staff.yaml     what the monolith keeps, and only some may
                policies/      who may

  Try this
    1  Open the shop and type into its search. Each request is shown below, with
       who answered it.
    2  In catalog.yaml set "stage: canary" and "weight: 50" and save: half of the
       clients get their products from the new service. No client can tell.
    3  Set "stage: new", and all of them do. Set "stage: legacy", and it is undone.
    4  Misspell something: the problem is shown, and the last good table serves on.
    5  Log in on the monolith's page, then set "stage: new" in orders.yaml: the new
       service knows who you are. An edit in policies/ counts from the next request on.
    6  Break the new catalog: below "stage: new" write "faults: [{ abort: 503 }]". Nobody
       notices but this page: the monolith answers, and soon its breaker is open.

    6  Watch it all in the console, and kill a route there: legacy serves it at once.

  Ctrl-C ends all of it{{if .Temporary}} and removes the data{{end}}.

`))

func (g *demoGateway) print(w io.Writer, world *demo.Demo) error {
	return demoPage.Execute(w, map[string]any{"Gateway": g, "Temporary": world.Temporary})
}

package pipeline

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/route"
)

// cartMoves is a route whose two sides know carts under paths of their own.
func cartMoves(stage route.Stage) route.Definition {
	d := at("cart", "/shop/cart/{id}", stage)
	all := []route.MapBack{route.MapLocation, route.MapLink, route.MapSetCookie}
	d.Rewrite.New = route.SideRewrite{
		Path:            "/v2/carts/{id}",
		Query:           route.Changes{Set: map[string]string{"lang": "de"}, Remove: []string{"debug"}},
		Headers:         route.Changes{Set: map[string]string{"X-Cart": "cart {id}", "Host": "carts.internal"}, Remove: []string{"X-Debug", "User-Agent"}},
		ResponseHeaders: route.Changes{Remove: []string{"Server"}},
		MapBack:         all,
	}
	d.Rewrite.Legacy = route.SideRewrite{StripPrefix: "/shop", MapBack: all}
	return d
}

// selfish is a backend that names itself by its own address and its own path, where
// base is what it knows carts under.
func selfish(t *testing.T, base string, got chan<- *http.Request) string {
	return newBackend(t, "", func(w http.ResponseWriter, r *http.Request) {
		got <- r
		self := r.Context().Value(http.LocalAddrContextKey).(net.Addr).String()
		w.Header().Set("Server", "selfish")
		w.Header().Set("Location", "http://"+self+base+"/8?a=%zz#b")
		w.Header().Add("Link", "<"+base+`/9>; rel="next"; title="<`+base+`/9>", <../../img/x>`)
		w.Header().Add("Link", "<https://cdn.example"+base+"/9>")
		w.Header().Set("Set-Cookie", "sid=1; Domain=127.0.0.1; Path="+base+"; HttpOnly")
		w.Header().Set("Content-Location", base+"/9")
		w.WriteHeader(http.StatusSeeOther)
	})
}

func TestBothSidesAreRewritten(t *testing.T) {
	got := make(chan *http.Request, 1)
	legacy, other := selfish(t, "/cart", got), selfish(t, "/v2/carts", got)
	g := newGateway(t, legacy, other)
	type seen struct {
		Target, Host, Cart, Debug, Agent string
		Answer                           http.Header
	}
	for stage, want := range map[route.Stage]seen{
		route.StageLegacy: {
			Target: "/cart/a%2Fb?a=%zz&debug=1&lang=en&;b", Host: "shop.example:8080", Cart: "sent", Debug: "1", Agent: "test",
			Answer: http.Header{
				"Server":   {"selfish"},
				"Location": {"http://shop.example:8080/shop/cart/8?a=%zz#b"}, "Content-Location": {"/shop/cart/9"},
				"Link":       []string{`</shop/cart/9>; rel="next"; title="</cart/9>", </shop/img/x>`, "<https://cdn.example/cart/9>"},
				"Set-Cookie": {"sid=1; Path=/shop/cart; HttpOnly"},
			},
		},
		route.StageNew: {
			Target: "/v2/carts/a%2Fb?a=%zz&;b&lang=de", Host: "carts.internal", Cart: "cart a%2Fb",
			Answer: http.Header{
				"Location": {"http://shop.example:8080/shop/cart/8?a=%zz#b"}, "Content-Location": {"/shop/cart/9"},
				"Link":       []string{`</shop/cart/9>; rel="next"; title="</v2/carts/9>", <../../img/x>`, "<https://cdn.example/v2/carts/9>"},
				"Set-Cookie": {"sid=1; Path=/shop/cart; HttpOnly"},
			},
		},
	} {
		g.publish(t, legacy, other, cartMoves(stage))
		answer := g.exchange(t, "GET /shop/x/../cart/a%2fb?a=%zz&debug=1&lang=en&;b HTTP/1.1\r\nHost: shop.example:8080\r\n"+
			"User-Agent: test\r\nX-Debug: 1\r\nX-Cart: sent\r\nConnection: close\r\n\r\n")
		response, err := http.ReadResponse(bufio.NewReader(strings.NewReader(answer)), nil)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		for _, name := range []string{"Date", "Content-Length", "Connection"} {
			response.Header.Del(name)
		}
		r := <-got
		found := seen{r.RequestURI, r.Host, r.Header.Get("X-Cart"), r.Header.Get("X-Debug"), r.Header.Get("User-Agent"), response.Header}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("stage %s (-want +got)\n%s", stage, diff)
		}
	}
}

// A side without a rewrite stays transparent beside one that has one.
func TestOtherSideStaysExact(t *testing.T) {
	const answer = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /v2/carts/8\r\nConnection: close\r\n\r\n"
	legacy, got := rawBackend(t, answer)
	d := cartMoves(route.StageLegacy)
	d.Rewrite.Legacy = route.SideRewrite{}
	g := newGateway(t, legacy, legacy, d)
	const line = "GET /shop/x/../cart/a%2fb|?debug=1 HTTP/1.1"
	if back := g.exchange(t, line+"\r\nHost: a\r\nConnection: close\r\n\r\n"); !strings.Contains(back, "\r\nLocation: /v2/carts/8\r\n") {
		t.Errorf("the client got %q", back)
	}
	if head := <-got; !strings.HasPrefix(head, line+"\r\n") {
		t.Errorf("legacy got %q", head)
	}
}

// What a client writes into the path can't become another line of the request.
func TestRewrittenRequestIsOneRequest(t *testing.T) {
	other, got := rawBackend(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	d := cartMoves(route.StageNew)
	d.Rewrite.New.Headers.Set["Host"] = "{id}.internal"
	g := newGateway(t, other, other, d)
	g.exchange(t, "GET /shop/cart/%0d%0aX-Admin:%201%0d%0a%0d%0aGET%20%2f HTTP/1.1\r\nHost: a\r\nUser-Agent: x\r\nConnection: close\r\n\r\n")
	const id = "%0D%0AX-Admin:%201%0D%0A%0D%0AGET%20%2F"
	want := []string{
		"GET /v2/carts/" + id + "?lang=de HTTP/1.1", "Host: " + strings.Replace(id, ":", "%3A", 1) + ".internal", "X-Cart: cart " + id, "", "",
	}
	if diff := cmp.Diff(want, strings.Split(<-got, "\r\n")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// The client's URLs begin with the scheme and host that it used itself, before any
// proxy that is trusted.
func TestClientOrigin(t *testing.T) {
	got := make(chan *http.Request, 1)
	other := selfish(t, "/v2/carts", got)
	g := newGateway(t, other, other, cartMoves(route.StageNew))
	proxied := http.Header{"X-Forwarded-Proto": {"HTTPS"}, "X-Forwarded-Host": {"front.example"}}
	for _, tc := range []struct {
		name    string
		tls     bool
		trusted bool
		header  http.Header
		want    string
	}{
		{"http", false, false, nil, "http://shop.example"},
		{"https", true, false, nil, "https://shop.example"},
		{"stranger says otherwise", false, false, proxied, "http://shop.example"},
		{"trusted proxy", false, true, proxied, "https://front.example"},
		{"trusted proxy, http", true, true, http.Header{"X-Forwarded-Proto": {"http"}}, "http://shop.example"},
		{"trusted proxy, nonsense", true, true, http.Header{"X-Forwarded-Proto": {"ftp"}, "X-Forwarded-Host": {"a>b"}}, ""},
		{"two proxies", true, true, http.Header{"X-Forwarded-Proto": {"http, https"}, "X-Forwarded-Host": {"a", "b"}}, "https://shop.example"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/shop/cart/7", nil)
			r.Host, r.Header = "shop.example", http.Header{}
			for name, values := range tc.header {
				r.Header[name] = values
			}
			if tc.tls {
				r.TLS = &tls.ConnectionState{}
			}
			w := httptest.NewRecorder()
			if err := g.Serve(w, r, Client{Trusted: tc.trusted}, &Exchange{}); err != nil {
				t.Fatal(err)
			}
			<-got
			want := tc.want + "/shop/cart/8?a=%zz#b"
			if tc.want == "" {
				want = other + "/v2/carts/8?a=%zz#b" // no host to put in its place
			}
			if location := w.Header().Get("Location"); location != want {
				t.Errorf("Location %q, want %q", location, want)
			}
		})
	}
}

func TestRewrittenBodiesAndTrailersPass(t *testing.T) {
	other := newBackend(t, "", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Trailer", "X-Announced")
		_, _ = fmt.Fprintf(w, "%s %s", r.URL.Path, body)
		w.Header().Set("X-Announced", r.Trailer.Get("X-Sent"))
	})
	g := newGateway(t, other, other, cartMoves(route.StageNew))
	r, _ := http.NewRequest("POST", g.server.URL+"/shop/cart/7", io.NopCloser(strings.NewReader("body")))
	r.Trailer = http.Header{"X-Sent": {"1"}}
	response, err := g.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	if string(body) != "/v2/carts/7 body" || response.Trailer.Get("X-Announced") != "1" {
		t.Errorf("body %q, trailers %v", body, response.Trailer)
	}
}

// Answers before the final one, and a switch of protocols, stay as they are.
func TestInterimAnswersStay(t *testing.T) {
	for name, answer := range map[string]string{
		"early hints": "HTTP/1.1 103 Early Hints\r\nLink: </v2/carts/8>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		"upgrade":     "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nLink: </v2/carts/8>\r\nServer: shopd\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			other, got := rawBackend(t, answer)
			g := newGateway(t, other, other, cartMoves(route.StageNew))
			connection := "close"
			if name == "upgrade" {
				connection = "Upgrade\r\nUpgrade: echo"
			}
			back := g.exchange(t, "GET /shop/cart/7 HTTP/1.1\r\nHost: a\r\nConnection: "+connection+"\r\n\r\n")
			if diff := cmp.Diff(sortedHead(answer), sortedHead(back)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if head := <-got; !strings.HasPrefix(head, "GET /v2/carts/7?lang=de HTTP/1.1\r\n") {
				t.Errorf("the backend got %q", head)
			}
		})
	}
}

// Many clients at once, each with its own answer.
func TestRewritesAreConcurrent(t *testing.T) {
	other := newBackend(t, "", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.URL.Path)
		w.WriteHeader(http.StatusCreated)
	})
	g := newGateway(t, other, other, cartMoves(route.StageNew))
	var all sync.WaitGroup
	for client := range 8 {
		all.Go(func() {
			for i := range 25 {
				path := fmt.Sprintf("/shop/cart/%d-%d", client, i)
				response, err := http.Post(g.server.URL+path, "text/plain", bytes.NewReader(nil))
				if err != nil {
					t.Error(err)
					return
				}
				response.Body.Close()
				if got := response.Header.Get("Location"); got != path {
					t.Errorf("%s: Location %q", path, got)
				}
			}
		})
	}
	all.Wait()
}

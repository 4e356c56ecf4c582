package golden

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"ficus/gateway/route"
	"ficus/gateway/split"
	"ficus/gateway/tools/ask"
)

func casePath(i int) string { return fmt.Sprintf("cases[%d]", i) }

// check looks for cases that are none: values that decode and mean nothing.
func check(file string, cases []Case) route.Problems {
	var problems route.Problems
	for i := range cases {
		c := checker{file: file, path: casePath(i)}
		c.request(&cases[i])
		c.want(&cases[i])
		problems = append(problems, c.problems...)
	}
	return problems
}

type checker struct {
	file, path string
	problems   route.Problems
}

func (c *checker) report(key string, code route.Code, hint, format string, args ...any) {
	c.problems = append(c.problems, route.Problem{
		Code: code, Origin: route.Origin{File: c.file}, Path: c.path + "." + key,
		Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

const requestHint = `write method and target, such as "GET /api/cart"`

func (c *checker) request(of *Case) {
	method, target, _ := strings.Cut(of.Request, " ")
	switch {
	case of.Request == "":
		c.report("request", route.CodeRequired, requestHint, "the case has no request")
		return
	case target == "":
		c.report("request", route.CodeValue, requestHint, "%q is not a method and a target", of.Request)
		return
	case method != strings.ToUpper(method):
		c.report("request", route.CodeValue, "methods are upper case", "%q is no method", method)
		return
	}
	c.headers(of)
	if _, err := netip.ParseAddr(of.ClientIP); err != nil && of.ClientIP != "" {
		c.report("client_ip", route.CodeValue, "", "%q is no IP address", of.ClientIP)
	}
	if of.Cohort != nil && (*of.Cohort < 0 || *of.Cohort >= split.Cohorts) {
		c.report("cohort", route.CodeValue, "", "there is no cohort %d: they are 0 to %d", *of.Cohort, split.Cohorts-1)
	}
	if len(c.problems) > 0 {
		return
	}
	question := of.question()
	if _, err := question.HTTP(); err != nil && !errors.Is(err, ask.ErrRefused) {
		c.report("request", route.CodeValue, "", "%v", err)
	}
}

// framing are the headers that follow from the body.
var framing = []string{"Content-Length", "Transfer-Encoding", "Trailer"}

func (c *checker) headers(of *Case) {
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(of.Headers)) {
		key := http.CanonicalHeaderKey(name)
		wrong := ""
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			wrong = fmt.Sprintf("%q is no name of a header", name)
		case !httpguts.ValidHeaderFieldValue(of.Headers[name]):
			wrong = "the value holds a control character"
		case slices.Contains(framing, key):
			wrong = name + " follows from the body"
		case key == "Cookie" && len(of.Cookies) > 0:
			wrong = "the case has cookies too: write all of them there"
		case seen[key]:
			wrong = "the header stands here twice"
		}
		if wrong != "" {
			c.report("headers."+name, route.CodeValue, "", "%s", wrong)
		}
		seen[key] = true
	}
	for _, name := range slices.Sorted(maps.Keys(of.Cookies)) {
		if value := of.Cookies[name]; !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) || strings.Contains(value, ";") {
			c.report("cookies."+name, route.CodeValue, "", "no cookie has such a name or value")
		}
	}
}

func (c *checker) want(of *Case) {
	w := &of.Want
	others := w.Route != "" || w.Side != "" || w.Backend != "" || w.Policy != nil || len(w.Params) > 0 || !w.Rewrite.isZero()
	switch {
	case w.Origin.Line == 0:
		c.report("want", route.CodeRequired, "write what has to become of it, such as want: { route: cart-read }", "the case wants nothing")
	case !others && w.Status == 0:
		c.report("want", route.CodeRequired, "write what has to become of it, such as route: cart-read", "the case wants nothing")
	case others && w.Status != 0:
		c.report("want.status", route.CodeValue, "leave the other keys out", "a request that the gateway refuses has no route")
	case w.Status != 0 && (w.Status < 400 || w.Status > 599):
		c.report("want.status", route.CodeValue, "", "%d is no status to refuse a request with", w.Status)
	}
}

package console

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"ficus/gateway/routetable"
	"ficus/gateway/tools/ask"
	"ficus/gateway/tools/explain"
)

// explainData is the form in which one asks what becomes of a request, and the answer.
type explainData struct {
	Action                      string
	Method, URL, Header, Client string
	Text                        string // the answer
	Route                       string // that owns the request
	Error                       string
}

func (c *Console) explainPage(w http.ResponseWriter, r *http.Request) {
	c.show(w, r, "explain", "Explain a request", c.explain(r, nil))
}

// maxQuestion bounds what a form may hold, in bytes.
const maxQuestion = 16 << 10

// explain answers what the form asks. On the page of a route an example of it stands in
// the form, until something else is asked.
func (c *Console) explain(r *http.Request, entry *routetable.Entry) explainData {
	q := r.URL.Query()
	d := explainData{Action: r.URL.Path, Method: q.Get("method"), URL: q.Get("url"), Header: q.Get("header"), Client: q.Get("client")}
	if d.URL == "" {
		d.Method, d.URL = example(entry)
		return d
	}
	a, err := c.ask(&d)
	var b strings.Builder
	if err == nil {
		err = a.Print(&b)
	}
	if err != nil {
		d.Error = err.Error()
		return d
	}
	d.Text, d.Route = b.String(), a.Route.ID
	return d
}

func (c *Console) ask(d *explainData) (*explain.Answer, error) {
	table := c.Status().Table
	switch {
	case table == nil:
		return nil, errors.New("no route table serves")
	case len(d.URL)+len(d.Header)+len(d.Method)+len(d.Client) > maxQuestion:
		return nil, errors.New("the question is too long")
	}
	var lines []string
	for line := range strings.Lines(d.Header) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	header, err := ask.ParseHeaders(lines)
	if err != nil {
		return nil, err
	}
	return explain.Explain(table, &ask.Question{Method: strings.TrimSpace(d.Method), URL: strings.TrimSpace(d.URL), Header: header, ClientIP: d.Client}, c.Gateway, c.Now())
}

// example is a request that the form begins with.
func example(entry *routetable.Entry) (method, url string) {
	if entry == nil || entry.Pattern.String() == "" {
		return http.MethodGet, "/"
	}
	method, url, ok := strings.Cut(entry.Pattern.String(), " ")
	if !ok {
		method, url = http.MethodGet, entry.Pattern.String()
	}
	if !strings.HasPrefix(url, "/") { // a host
		url = "http://" + url
	}
	return cmp.Or(method, http.MethodGet), strings.NewReplacer("{$}", "", "{", "", "...}", "", "}", "", "*.", "www.").Replace(url)
}

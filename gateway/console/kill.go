package console

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"ficus/gateway/control"
	"ficus/gateway/overview"
	"ficus/gateway/route"
	"ficus/gateway/traffic"
)

// killData is what the pages that ask for confirmation show.
type killData struct {
	ID     string // "*" for all routes
	Route  *overview.Route
	Kill   *traffic.Kill // that is in force
	Reason string
	By     string
	Error  string
}

func (c *Console) killPage(w http.ResponseWriter, r *http.Request) { c.confirm(w, r, "kill", "Kill") }

func (c *Console) unkillPage(w http.ResponseWriter, r *http.Request) {
	c.confirm(w, r, "unkill", "Take a kill back")
}

func (c *Console) confirm(w http.ResponseWriter, r *http.Request, page, title string) {
	d, ok := c.asked(r.URL.Query().Get("route"))
	if !ok {
		c.fail(w, r, http.StatusNotFound, "There is no such route, and none of that name is killed.")
		return
	}
	c.show(w, r, page, title, d)
}

// asked is what is known of the route that a page or form is about.
func (c *Console) asked(id string) (d killData, ok bool) {
	d.ID = id
	if found, has := c.Route(id); has {
		d.Route = &found
	}
	for _, one := range c.Kills.List() {
		if one.Route == id {
			d.Kill = &one
		}
	}
	return d, id == traffic.AllRoutes || d.Route != nil || d.Kill != nil
}

const maxForm = 16 << 10 // bytes

// form reads a form that was sent.
func (c *Console) form(w http.ResponseWriter, r *http.Request) (d killData, ok bool) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		c.fail(w, r, http.StatusBadRequest, "The form can't be read.")
		return d, false
	}
	if d, ok = c.asked(r.PostForm.Get("route")); !ok {
		c.fail(w, r, http.StatusNotFound, "There is no such route, and none of that name is killed.")
		return d, false
	}
	d.Reason, d.By = strings.TrimSpace(r.PostForm.Get("reason")), strings.TrimSpace(r.PostForm.Get("by"))
	return d, true
}

// by says who did it, as far as that is known.
func by(r *http.Request, name string) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if name == "" {
		return "console, " + host
	}
	return name + " (console, " + host + ")"
}

func (c *Console) kill(w http.ResponseWriter, r *http.Request) {
	d, ok := c.form(w, r)
	if !ok {
		return
	}
	if d.Reason == "" {
		d.Error = "Say why: who finds the route killed will want to know."
		c.render(w, r, http.StatusUnprocessableEntity, "kill", "Kill", d)
		return
	}
	_, err := c.Kill.Kill(d.ID, d.Reason, by(r, d.By))
	c.done(w, r, "kill", d, err)
}

func (c *Console) unkill(w http.ResponseWriter, r *http.Request) {
	d, ok := c.form(w, r)
	if !ok {
		return
	}
	_, err := c.Kill.Unkill(d.ID, by(r, d.By))
	c.done(w, r, "unkill", d, err)
}

// done goes to where the effect is seen, or says what is wrong.
func (c *Console) done(w http.ResponseWriter, r *http.Request, page string, d killData, err error) {
	switch {
	case errors.Is(err, traffic.ErrNotKept):
		c.fail(w, r, http.StatusOK, "Done, but: "+err.Error()+".")
	case err != nil:
		d.Error = err.Error()
		code := http.StatusUnprocessableEntity
		if errors.Is(err, control.ErrRetired) {
			code = http.StatusConflict
		}
		c.render(w, r, code, page, "Kill", d)
	case d.Route != nil && d.ID != route.DefaultID:
		http.Redirect(w, r, "/routes/"+url.PathEscape(d.ID), http.StatusSeeOther)
	default:
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

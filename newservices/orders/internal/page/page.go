// Package page is how the shop's pages of orders look: the monolith's layout and its pages of orders,
// embedded.
//
// The handlers of the orders service fill a Frame and call Render. The layout is a copy of the
// monolith's, since both sides' pages must look alike while both serve; a test compares them byte by
// byte. Style, script and icon stay the monolith's. Every value is escaped for where it stands.
package page

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"
)

//go:embed templates/*.html
var files embed.FS

// Frame is what every page shows, around its own Body.
type Frame struct {
	Title      string
	User       string // name of who is logged in
	Admin      bool
	CartCount  int64 // pieces
	Categories []Category
	Flash      string // "kind|text" to show once; "" none
	Body       any
}

// Category is a shelf of the shop.
type Category struct{ Slug, Name string }

// Pages renders pages. It is safe for concurrent use.
type Pages struct{ pages map[string]*template.Template }

// New reads the templates.
func New() (*Pages, error) {
	p := &Pages{pages: map[string]*template.Template{}}
	base, err := template.New("").Funcs(funcs).ParseFS(files, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, fmt.Errorf("reading the page templates: %w", err)
	}
	for _, name := range []string{"orders.html", "order.html", "failure.html"} {
		t, err := base.Clone()
		if err == nil {
			t, err = t.ParseFS(files, "templates/"+name)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the page template %s: %w", name, err)
		}
		p.pages[name] = t
	}
	return p, nil
}

// Render writes a page: orders.html, order.html or failure.html.
func (p *Pages) Render(w io.Writer, name string, f Frame) error {
	t, ok := p.pages[name]
	if !ok {
		return fmt.Errorf("there is no page template %s", name)
	}
	if err := t.ExecuteTemplate(w, "layout.html", layout{Frame: f, Flash: parseFlash(f.Flash)}); err != nil {
		return fmt.Errorf("rendering %s: %w", name, err)
	}
	return nil
}

// layout is a Frame with what the templates of the monolith know beside it.
type layout struct {
	Frame
	Category string // marked in the navigation: none
	Query    string // in the search field: none
	Flash    *flash
}

type flash struct{ Kind, Text string }

func parseFlash(stored string) *flash {
	kind, text, ok := strings.Cut(stored, "|")
	if !ok {
		return nil
	}
	return &flash{kind, text}
}

var funcs = template.FuncMap{
	"asset":  asset,
	"money":  func(cents int64) string { return fmt.Sprintf("€ %d.%02d", cents/100, cents%100) },
	"day":    func(t time.Time) string { return t.UTC().Format("2 January 2006") },
	"plural": plural,
	"status": status,
}

// versions are those of the files that the monolith serves. One that the monolith has left behind is
// served all the same, only not cached for good.
var versions = map[string]string{"icon.svg": "68edd4f74d29", "shop.css": "793d08e00313", "shop.js": "f595943464eb"}

func asset(name string) (string, error) {
	version, ok := versions[name]
	if !ok {
		return "", fmt.Errorf("there is no file static/%s", name)
	}
	return "/static/" + name + "?v=" + version, nil
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// step is a station on an order's way.
type step struct {
	Name string
	Done bool
}

// status is an order's way; nil for one that has none, being cancelled.
func status(now string) []step {
	var steps []step
	done := true
	for _, name := range []string{"placed", "packed", "shipped", "delivered"} {
		steps = append(steps, step{name, done})
		if name == now {
			done = false
		}
	}
	if done {
		return nil
	}
	return steps
}

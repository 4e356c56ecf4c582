// Package view is how the shop looks: page templates, one style sheet, one script, an icon, all embedded.
//
// The handlers in package shop fill a Frame and call Render. Templates are html/template, so every value is escaped for where it stands.
// Style and script are served under an address that changes with their content, and may be cached for good. All pages work without the
// script; with it the search suggests, the cart counts, the stock lives and the support answers.
//
//	v, err := view.New(pictureURL)
//	err = v.Render(w, "home.html", view.Frame{Title: "Welcome", Body: body})
package view

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"strings"

	"ficus/legacy-stub/shop/store"
)

//go:embed templates/*.html static/*
var files embed.FS

// Frame is what every page shows, around its own Body.
type Frame struct {
	Title      string
	User       *store.User // nil: a guest
	CSRF       string      // for the page's forms
	CartCount  int64
	Categories []store.Category
	Category   string // slug of the one to mark
	Query      string // in the search field
	Flash      *Flash // nil: none
	Body       any
}

// Flash is a message that is shown once.
type Flash struct {
	Kind string // success, info or error
	Text string
}

// ParseFlash reads "kind|text"; "" is nil.
func ParseFlash(stored string) *Flash {
	kind, text, ok := strings.Cut(stored, "|")
	if !ok {
		return nil
	}
	return &Flash{kind, text}
}

// View renders pages and serves what they need. It is safe for use by many goroutines.
type View struct {
	pages  map[string]*template.Template
	assets map[string]asset
}

// New reads the templates. pictureURL tells where a product's picture is.
func New(pictureURL func(store.Product) string) (*View, error) {
	v := &View{pages: map[string]*template.Template{}}
	var err error
	if v.assets, err = readAssets(); err != nil {
		return nil, err
	}
	base, err := template.New("").Funcs(v.funcs(pictureURL)).ParseFS(files, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, fmt.Errorf("reading the page templates: %w", err)
	}
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		page := path.Base(name)
		if page == "layout.html" || page == "parts.html" {
			continue
		}
		t, err := base.Clone()
		if err == nil {
			t, err = t.ParseFS(files, name)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the page template %s: %w", page, err)
		}
		v.pages[page] = t
	}
	return v, nil
}

// Render writes a page.
func (v *View) Render(w io.Writer, page string, f Frame) error {
	t, ok := v.pages[page]
	if !ok {
		return fmt.Errorf("there is no page template %s", page)
	}
	if err := t.ExecuteTemplate(w, "layout.html", f); err != nil {
		return fmt.Errorf("rendering %s: %w", page, err)
	}
	return nil
}

package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"ficus/gateway/control"
	"ficus/gateway/traffic"
)

//go:embed templates static
var files embed.FS

// templates are the pages by name, each with the layout around it.
var templates = func() map[string]*template.Template {
	layout := template.Must(template.New("layout.html").Funcs(functions).ParseFS(files, "templates/layout.html", "templates/parts.html"))
	pages := map[string]*template.Template{}
	names, _ := fs.Glob(files, "templates/*.html")
	for _, name := range names {
		base := strings.TrimSuffix(path.Base(name), ".html")
		if base != "layout" && base != "parts" {
			pages[base] = template.Must(template.Must(layout.Clone()).ParseFS(files, name))
		}
	}
	return pages
}()

// page is what the layout shows around every page.
type page struct {
	Title     string
	Path      string // of the page among the links
	Version   string // of the static files
	Readiness control.Readiness
	Kills     []traffic.Kill
	Now       time.Time
	Data      any
}

// show renders a page. Nothing is sent before all of it is there.
func (c *Console) show(w http.ResponseWriter, r *http.Request, name, title string, data any) {
	c.render(w, r, http.StatusOK, name, title, data)
}

func (c *Console) render(w http.ResponseWriter, r *http.Request, status int, name, title string, data any) {
	p := page{
		Title: title, Path: r.URL.Path, Version: version, Readiness: c.Status().Readiness(), Now: c.Now(), Data: data,
	}
	if c.Kills != nil {
		p.Kills = c.Kills.List()
	}
	var b bytes.Buffer
	if err := templates[name].ExecuteTemplate(&b, "layout.html", p); err != nil {
		http.Error(w, "this page can't be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // who asked may have gone
}

// fail shows what is wrong.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, status int, message string) {
	c.render(w, r, status, "error", http.StatusText(status), map[string]any{"Status": status, "Message": message})
}

// version names the static files of this build, which browsers may keep.
var version = func() string {
	hash := sha256.New()
	names, _ := fs.Glob(files, "static/*")
	for _, name := range names {
		text, _ := fs.ReadFile(files, name)
		hash.Write(text)
	}
	return hex.EncodeToString(hash.Sum(nil)[:6])
}()

var contentTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

var staticFiles = func() http.Handler {
	folder, err := fs.Sub(files, "static")
	if err != nil {
		panic(err) // the name is no path
	}
	return http.StripPrefix("/static/", http.FileServerFS(folder))
}()

// static serves a file of the folder static.
func static(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", contentTypes[path.Ext(r.PathValue("file"))])
	if r.URL.RawQuery == "v="+version {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	staticFiles.ServeHTTP(w, r)
}

package view

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"time"

	"ficus/legacy-stub/shop/httpkit"
)

// asset is a file of static/.
type asset struct {
	contentType string
	data        []byte
	version     string // changes with the content
}

func readAssets() (map[string]asset, error) {
	names, err := fs.Glob(files, "static/*")
	if err != nil {
		return nil, err
	}
	assets := map[string]asset{}
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		sum := sha256.Sum256(data)
		assets[path.Base(name)] = asset{contentType(name), data, fmt.Sprintf("%x", sum[:6])}
	}
	return assets, nil
}

func contentType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}

func (v *View) assetURL(name string) (string, error) {
	a, ok := v.assets[name]
	if !ok {
		return "", fmt.Errorf("there is no file static/%s", name)
	}
	return "/static/" + name + "?v=" + a.version, nil
}

// Static serves the files under /static/.
func (v *View) Static() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { v.serve(w, r, r.PathValue("file")) })
}

// Favicon serves the icon.
func (v *View) Favicon(w http.ResponseWriter, r *http.Request) { v.serve(w, r, "icon.svg") }

func (v *View) serve(w http.ResponseWriter, r *http.Request, name string) {
	a, ok := v.assets[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("Cache-Control", "public, max-age=3600")
	if r.URL.Query().Get("v") == a.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if httpkit.NotModified(w, r, `W/"`+a.version+`"`, time.Time{}) {
		return
	}
	_, _ = w.Write(a.data) // a client that went away
}

// Package picture makes the shop's product pictures: it draws one for each product, and checks those that people upload.
//
// The handlers in package shop call it. A drawing depends on the product's id, name, category and tags only, so it is the same on every
// machine and every day. Uploads are only looked at, never changed.
//
//	studio, err := picture.NewStudio()
//	svg := studio.Draw(product)
package picture

import (
	_ "embed"
	"encoding/xml"
	"fmt"
	"html"
	"strings"

	"ficus/legacy-stub/shop/store"
)

//go:embed shapes.svg
var shapesFile []byte

// Studio draws. It is safe for use by many goroutines.
type Studio struct {
	shapes map[string]string // kind → SVG
}

// NewStudio reads the shapes.
func NewStudio() (*Studio, error) {
	var file struct {
		Symbols []struct {
			ID  string `xml:"id,attr"`
			SVG string `xml:",innerxml"`
		} `xml:"symbol"`
	}
	if err := xml.Unmarshal(shapesFile, &file); err != nil {
		return nil, fmt.Errorf("reading the shapes of pictures: %w", err)
	}
	s := &Studio{shapes: map[string]string{}}
	for _, symbol := range file.Symbols {
		s.shapes[symbol.ID] = symbol.SVG
	}
	return s, nil
}

// Draw is a product's drawn picture: an SVG image of 400 by 400.
func (s *Studio) Draw(p store.Product) []byte {
	look := lookOf(p)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" role="img" aria-label="%s"><title>%[1]s</title>`,
		html.EscapeString(p.Name))
	b.WriteString(look.style())
	fmt.Fprintf(&b, `<rect width="400" height="400" fill="%s"/><path fill="%s" d="M0 318h400v82H0z"/>`, look.wall, look.table)
	fmt.Fprintf(&b, `<circle cx="%d" cy="%d" r="%d" fill="%s" opacity=".55"/>`, 130+p.ID*37%140, 120+p.ID*53%70, 118+p.ID*29%40, look.spot)
	b.WriteString(`<ellipse cx="200" cy="332" rx="136" ry="14" fill="#3a2d22" opacity=".16"/>`)
	fmt.Fprintf(&b, `<g transform="translate(12 22) scale(1.88)">%s</g></svg>`, s.shape(p))
	return []byte(b.String())
}

// shape is the drawing for the product's kind, or a parcel.
func (s *Studio) shape(p store.Product) string {
	for _, tag := range p.Tags {
		if svg, ok := s.shapes[tag]; ok {
			return svg
		}
	}
	return s.shapes["box"]
}

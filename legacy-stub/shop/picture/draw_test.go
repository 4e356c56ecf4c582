package picture

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"testing"
	"time"

	"ficus/legacy-stub/shop/seed"
	"ficus/legacy-stub/shop/store"
)

func newStudio(t *testing.T) *Studio {
	t.Helper()
	s, err := NewStudio()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func seeded(t *testing.T) []store.Product {
	t.Helper()
	d, err := seed.Data(time.Now(), func(string) (string, error) { return "", nil })
	if err != nil {
		t.Fatal(err)
	}
	return d.Products
}

func TestEverySeededProductHasItsShape(t *testing.T) {
	s := newStudio(t)
	used := map[string]bool{}
	for _, p := range seeded(t) {
		kinds := 0
		for _, tag := range p.Tags {
			if _, ok := s.shapes[tag]; ok {
				kinds++
				used[tag] = true
			}
		}
		if kinds != 1 {
			t.Errorf("%s: %d of the tags %v name a shape, want 1", p.Name, kinds, p.Tags)
		}
		if _, ok := namedColour(p.Name); !ok {
			t.Errorf("%s: no word of the name is a colour", p.Name)
		}
	}
	for kind := range s.shapes {
		if !used[kind] {
			t.Errorf("nothing uses the shape %q", kind)
		}
	}
}

func TestDrawingIsWellFormedAndTheSameAgain(t *testing.T) {
	a, b := newStudio(t), newStudio(t)
	for _, p := range seeded(t) {
		svg := a.Draw(p)
		if !bytes.Equal(svg, b.Draw(p)) {
			t.Fatalf("%s is drawn in two ways", p.Name)
		}
		wellFormed(t, p.Name, svg)
	}
}

func TestDrawingEscapesNames(t *testing.T) {
	svg := newStudio(t).Draw(store.Product{ID: 1, Name: `<script>"&'`})
	wellFormed(t, "the product", svg)
	if bytes.Contains(svg, []byte("<script>")) {
		t.Errorf("a name became markup: %s", svg)
	}
}

func wellFormed(t *testing.T, name string, svg []byte) {
	t.Helper()
	dec := xml.NewDecoder(bytes.NewReader(svg))
	for {
		_, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v in\n%s", name, err, svg)
		}
	}
}

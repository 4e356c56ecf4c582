package picture

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"testing"
)

func encoded(t *testing.T, encode func(io.Writer, image.Image) error, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b, image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.White, color.Black})); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCheckUpload(t *testing.T) {
	asJPEG := func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) }
	asGIF := func(w io.Writer, m image.Image) error { return gif.Encode(w, m, nil) }
	tests := map[string]struct {
		data []byte
		want string // "" means refused
	}{
		"png":          {encoded(t, png.Encode, 20, 10), "image/png"},
		"jpeg":         {encoded(t, asJPEG, 20, 10), "image/jpeg"},
		"gif":          {encoded(t, asGIF, 20, 10), "image/gif"},
		"too wide":     {encoded(t, png.Encode, maxSide+1, 1), ""},
		"too big":      {make([]byte, MaxUpload+1), ""},
		"empty":        {nil, ""},
		"html":         {[]byte("<!doctype html><script>alert(1)</script>"), ""},
		"svg":          {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), ""},
		"half a png":   {encoded(t, png.Encode, 20, 10)[:12], ""},
		"named a png?": {[]byte("\x89PNG\r\n\x1a\nbut not one"), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := CheckUpload(tt.data)
			if got != tt.want || (err != nil) != (tt.want == "") {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
			if err != nil && !errors.Is(err, ErrUpload) {
				t.Errorf("error %v is no ErrUpload", err)
			}
		})
	}
}

package shop

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
)

func pngOf(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.White, color.Black})); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// send uploads a picture for product 12.
func (b *browser) send(file []byte, token string) answer {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if err := form.WriteField("csrf_token", token); err != nil {
		b.t.Fatal(err)
	}
	if file != nil {
		part, err := form.CreateFormFile("picture", "kettle.png")
		if err == nil {
			_, err = part.Write(file)
		}
		if err != nil {
			b.t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		b.t.Fatal(err)
	}
	return b.do(http.MethodPost, "/admin/products/12/picture", &body, "Content-Type", form.FormDataContentType())
}

func TestUpload(t *testing.T) {
	s := open(t)
	b := s.browser(t).login("admin")
	const back = "/admin/products/12"
	tests := []struct {
		name    string
		file    []byte
		message string
	}{
		{"none", nil, "Please choose a file."},
		{"no picture", []byte("<script>alert(1)</script>"), "That file cannot be a product picture: it is not a PNG, JPEG or GIF image."},
		{"too large a picture", pngOf(t, 6001, 1), "6001 by 1"},
		{"a picture", pngOf(t, 30, 20), "The picture is up."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			goesTo(t, b.send(tt.file, b.csrf()), s.url+back)
			contains(t, b.page(back), tt.message)
		})
	}
	if a := b.send(pngOf(t, 3, 3), strings.Repeat("0", 64)); a.StatusCode != http.StatusForbidden {
		t.Errorf("without the token: %s", a.Status)
	}
	if a := b.send(make([]byte, 5<<20), b.csrf()); a.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("five megabytes: %s, want 413", a.Status)
	}

	contains(t, b.page("/products/12"), "/products/12/picture?v=313")
	a := b.get("/products/12/picture")
	if a.Header.Get("Content-Type") != "image/png" || a.body != string(pngOf(t, 30, 20)) || a.Header.Get("ETag") != `"i12-313"` {
		t.Errorf("the picture comes as %v", a.Header)
	}
	if a := b.get("/products/12/picture", "Range", "bytes=1-3"); a.StatusCode != http.StatusPartialContent || a.body != "PNG" {
		t.Errorf("a range of it: %s %q", a.Status, a.body)
	}
	if a := b.get("/products/12/picture", "If-None-Match", `"i12-313"`); a.StatusCode != http.StatusNotModified {
		t.Errorf("again: %s, want 304", a.Status)
	}
}

func TestBackOffice(t *testing.T) {
	s := open(t)
	b := s.browser(t).login("admin")
	product := []string{"sku", "kit-9001", "name", "Tin Whistle", "category", "play", "price", "7,5", "stock", "3", "tags", " Tin , wind instrument,, tin", "description", "Plays itself."}
	goesTo(t, b.submit("/admin/products", product...), s.url+"/admin/products/313")
	contains(t, b.page("/products/313"), "Tin Whistle", "€ 7.50", "Only 3 left", "KIT-9001", "wind-instrument")

	again := b.submit("/admin/products", product...)
	if again.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a second KIT-9001: %s", again.Status)
	}
	contains(t, again.body, "Another product has this article number.", `value="Tin Whistle"`)

	bad := b.submit("/admin/products/313", "name", "", "category", "shoes", "price", "free", "stock", "-1", "description", "")
	if bad.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a bad form: %s", bad.Status)
	}
	contains(t, bad.body, "Please write 1 to 100 characters.", "Please write a price like 12.50.", "Please write a number from 0")
	bad = b.submit("/admin/products/313", "name", "A", "category", "shoes", "price", "1", "stock", "1", "description", "B")
	contains(t, bad.body, "Please choose a category.")

	goesTo(t, b.submit("/admin/products/313", "name", "Tin Flute", "category", "play", "price", "8", "stock", "4", "tags", "tin", "description", "Plays you."), s.url+"/admin/products/313")
	contains(t, b.page("/search?q=flute"), "1 product", "Tin Flute", "€ 8.00")
	goesTo(t, b.submit("/admin/products/313/stock", "stock", "0"), s.url+"/admin")
	contains(t, b.page("/products/313"), "Sold out")
	goesTo(t, b.submit("/admin/products/313/stock", "stock", "lots"), s.url+"/admin")
	contains(t, b.page("/admin"), "A stock is a number")
	goesTo(t, b.submit("/admin/products/313/delete"), s.url+"/admin")
	if a := b.get("/products/313"); a.StatusCode != http.StatusNotFound {
		t.Errorf("a deleted product: %s", a.Status)
	}
	if a := b.submit("/admin/products/313/delete"); a.StatusCode != http.StatusNotFound {
		t.Errorf("deleting it again: %s", a.Status)
	}
}

func TestParsePrice(t *testing.T) {
	for text, want := range map[string]int64{"12": 1200, "12.5": 1250, "12,50": 1250, "0": 0, "0.05": 5, "999999.99": 99999999} {
		if got, err := parsePrice(text); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", ".", ".5", "-1", "1.234", "1e3", "1.5.", "1,000.00", "1000000", "½", "+1", "1.-5"} {
		if got, err := parsePrice(text); err == nil {
			t.Errorf("%q is %d cents, want an error", text, got)
		}
	}
}

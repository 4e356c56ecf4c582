package shop

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"

	"ficus/legacy-stub/shop/httpkit"
	"ficus/legacy-stub/shop/store"
)

// servePicture answers with the uploaded picture of a product, in ranges if asked, or with the drawn one. It needs no session.
func (s *Shop) servePicture(w http.ResponseWriter, r *http.Request) {
	if err := s.picture(w, r); err != nil {
		f := s.failureOf(r, err)
		http.Error(w, f.message, f.status)
	}
}

func (s *Shop) picture(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	p, err := s.db.Product(r.Context(), id)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox") // an image by itself runs nothing
	if p.PictureSeq != 0 {
		up, err := s.db.Picture(r.Context(), id)
		if err == nil {
			h.Set("Content-Type", up.ContentType)
			h.Set("ETag", fmt.Sprintf(`"i%d-%d"`, p.ID, p.PictureSeq))
			http.ServeContent(w, r, "", up.UploadedAt, bytes.NewReader(up.Data))
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	svg := s.studio.Draw(p)
	sum := fnv.New64a()
	_, _ = sum.Write(svg) // never fails
	h.Set("Content-Type", "image/svg+xml")
	if httpkit.NotModified(w, r, fmt.Sprintf(`W/"d%d-%x"`, p.ID, sum.Sum64()), p.CreatedAt) {
		return nil
	}
	_, _ = w.Write(svg) // the drawing escapes the name, and the policy above lets nothing run
	return nil
}

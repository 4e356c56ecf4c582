package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif"  // a format that may be uploaded
	_ "image/jpeg" // a format that may be uploaded
	_ "image/png"  // a format that may be uploaded
)

// MaxUpload is the size, in bytes, up to which a picture is taken.
const MaxUpload = 4 << 20

// maxSide is the width and height, in pixels, up to which a picture is taken. A file of a few kilobytes can claim to be a picture of
// gigabytes.
const maxSide = 6000

// ErrUpload is the error for a file that cannot be a product's picture; its text is for the person who sent it.
var ErrUpload = errors.New("that file cannot be a product picture")

// CheckUpload tells the content type of an uploaded picture, by what is in it and not by what it is called.
func CheckUpload(data []byte) (contentType string, err error) {
	if len(data) > MaxUpload {
		return "", fmt.Errorf("%w: it is larger than %d MB", ErrUpload, MaxUpload>>20)
	}
	c, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return "", fmt.Errorf("%w: it is not a PNG, JPEG or GIF image", ErrUpload)
	}
	if c.Width < 1 || c.Height < 1 || c.Width > maxSide || c.Height > maxSide {
		return "", fmt.Errorf("%w: it measures %d by %d, and may measure up to %d by %[4]d", ErrUpload, c.Width, c.Height, maxSide)
	}
	return "image/" + format, nil
}

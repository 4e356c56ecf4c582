package routetable

import "strings"

// overlong decodes the letters and marks of ASCII that are written in more bytes than
// UTF-8 takes ("%C0%AF" for a slash), which careless decoders know
// (CVE-2000-0884, CVE-2008-2938). A path with none is not copied.
func overlong(raw string) string {
	var b strings.Builder
	written := 0
	for i := 0; i < len(raw); {
		if raw[i] != '%' && raw[i] < 0xc0 {
			i++
			continue
		}
		c, size := overlongByte(raw[i:])
		if size == 0 {
			i++
			continue
		}
		b.WriteString(raw[written:i])
		b.WriteByte(c)
		i += size
		written = i
	}
	if written == 0 {
		return raw
	}
	b.WriteString(raw[written:])
	return b.String()
}

// overlongByte returns the byte of ASCII that an overlong form at the beginning of a raw
// path stands for, and how long that is there; 0 for none.
func overlongByte(raw string) (c byte, size int) {
	next := func() (byte, bool) {
		switch {
		case size < len(raw) && raw[size] == '%' && size+2 < len(raw):
			high, ok1 := unhex(raw[size+1])
			low, ok2 := unhex(raw[size+2])
			size += 3
			return high<<4 | low, ok1 && ok2
		case size < len(raw):
			size++
			return raw[size-1], true
		}
		return 0, false
	}
	first, ok := next()
	zeros := 0 // bytes that carry nothing
	switch {
	case !ok:
		return 0, 0
	case first == 0xe0:
		zeros = 1
	case first == 0xf0:
		zeros = 2
	case first != 0xc0 && first != 0xc1:
		return 0, 0
	}
	high := first & 1
	for i := range zeros {
		b, ok := next()
		switch {
		case !ok, b&0xc0 != 0x80, i < zeros-1 && b != 0x80, b > 0x81:
			return 0, 0
		}
		high = b & 1
	}
	low, ok := next()
	if !ok || low&0xc0 != 0x80 {
		return 0, 0
	}
	return high<<6 | low&0x3f, size
}

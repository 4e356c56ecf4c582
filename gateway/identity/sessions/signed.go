package sessions

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"
)

// A signed text is what Django's and Flask's signers make: payload, time and signature
// with separators between.
type signed struct {
	payload, time string
}

// unsign takes a signed text apart, once its signature is found good.
func unsign(text, separator string, keys keyring) (signed, error) {
	message, signature, ok := cutLast(text, separator)
	if !ok || !keys.signed(message, signature) {
		return signed{}, refused("session is not signed with a known key")
	}
	payload, time, ok := cutLast(message, separator)
	if !ok {
		return signed{}, refused("session says not when it was signed")
	}
	return signed{payload, time}, nil
}

func cutLast(text, separator string) (before, after string, ok bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return "", "", false
	}
	return text[:i], text[i+len(separator):], true
}

// values decodes a payload: base64url of JSON, deflated behind a leading dot.
func (s signed) values() (map[string]any, error) {
	text, deflated := strings.CutPrefix(s.payload, ".")
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil && deflated {
		data, err = inflate(data)
	}
	if err != nil {
		return nil, refused("session can't be decoded")
	}
	return object(data)
}

// inflate undoes zlib's compression, up to a size.
func inflate(data []byte) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxSession+1))
	if err != nil {
		return nil, err
	}
	if len(plain) > maxSession {
		return nil, errors.New("too large")
	}
	return plain, nil
}

// object decodes one JSON object and keeps numbers as they are written.
func object(data []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var values map[string]any
	if err := d.Decode(&values); err != nil || values == nil {
		return nil, refused("session is no JSON object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, refused("session is more than a JSON object")
	}
	return values, nil
}

// seconds is a time of which formats write seconds since 1970.
func seconds(n uint64) (time.Time, error) {
	if n > 1<<40 {
		return time.Time{}, refused("session says not when it was signed")
	}
	return time.Unix(int64(n), 0), nil
}

// Package parity compares two answers to one request: the one that the client got, and
// the one to its copy. It is pure: it sends nothing, counts nothing and keeps nothing.
//
//	rules := parity.Compile(entry.Resilience.Shadow)
//	d := rules.Compare(legacy, other)
//	if d.Kind != parity.Match { … d.Kind, d.Where … }
//
// Compared are the status, then the headers that the route names, then the bodies: by
// their bytes, and where both are JSON by value. There the order of keys and how numbers,
// texts and blanks are written don't count, numbers are compared exactly however long they
// are, and places that the route ignores may differ or be missing. JSON that parsers
// disagree on (a key twice, bytes that are no UTF-8, half a character, nesting without end) is compared by
// its bytes.
//
// Nothing is decompressed. Two compressors seldom agree on bytes, so where one of the
// answers has a Content-Encoding and the bodies differ, that is no mismatch: nobody can
// tell ([Encoded]).
package parity

import (
	"bytes"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"ficus/gateway/route"
)

// A Kind is what a comparison came to; the first that applies, in this order.
type Kind string

// The kinds. Only the first four say whether the sides agree.
const (
	Match    Kind = "match"
	Status   Kind = "status"    // the status differs
	Header   Kind = "header"    // one of the headers that are compared differs
	JSON     Kind = "json"      // a value differs, in bodies that are both JSON
	Body     Kind = "body"      // a byte differs, in other bodies
	TooLarge Kind = "too_large" // status and headers are equal; a body is too large to be compared
	Encoded  Kind = "encoded"   // status and headers are equal; a body is compressed, and the bytes differ
	Failed   Kind = "error"     // the copy got no answer, or no whole one
	Timeout  Kind = "timeout"   // the copy got none in time
)

// Kinds lists all kinds.
var Kinds = [...]Kind{Match, Status, Header, JSON, Body, TooLarge, Encoded, Failed, Timeout}

// Mismatch reports whether the sides have been seen to differ.
func (k Kind) Mismatch() bool {
	return k == Status || k == Header || k == JSON || k == Body
}

// An Answer is what is compared of one.
type Answer struct {
	Status   int
	Header   http.Header // at least [Rules.Keep]
	Body     []byte
	TooLarge bool // the body is larger than what is compared, and not in Body
}

// A Difference is what a comparison came to.
type Difference struct {
	Kind Kind

	// Where is the first place that differs, for people: the name of a header, a JSON
	// pointer, or "byte 17". It holds no value; keys of a JSON body may be in it.
	Where string
}

// Rules are how the answers of one route are compared. They are immutable and may be used
// concurrently.
type Rules struct {
	headers []string // canonical
	keep    []string
	ignored places
}

// Compile returns the rules of a route.
func Compile(s route.Shadow) *Rules {
	s = s.Filled()
	r := &Rules{ignored: compilePlaces(s.Ignore)}
	for _, name := range s.Headers {
		r.headers = append(r.headers, http.CanonicalHeaderKey(name))
	}
	keep := map[string]bool{contentType: true, contentEncoding: true}
	for _, name := range r.headers {
		keep[name] = true
	}
	r.keep = slices.Sorted(maps.Keys(keep))
	return r
}

const (
	contentType     = "Content-Type"
	contentEncoding = "Content-Encoding"
)

// Keep returns a copy of those headers of an answer that Compare looks at.
func (r *Rules) Keep(h http.Header) http.Header {
	kept := make(http.Header, len(r.keep))
	for _, name := range r.keep {
		if values := h[name]; len(values) > 0 {
			kept[name] = slices.Clone(values)
		}
	}
	return kept
}

// Compare compares legacy's answer with the other side's.
func (r *Rules) Compare(legacy, other *Answer) Difference {
	if legacy.Status != other.Status {
		return Difference{Kind: Status}
	}
	for _, name := range r.headers {
		if !sameHeader(name, legacy.Header[name], other.Header[name]) {
			return Difference{Kind: Header, Where: name}
		}
	}
	if legacy.TooLarge || other.TooLarge {
		return Difference{Kind: TooLarge}
	}
	if bytes.Equal(legacy.Body, other.Body) {
		return Difference{Kind: Match}
	}
	if encoded(legacy.Header) || encoded(other.Header) {
		return Difference{Kind: Encoded}
	}
	if isJSON(legacy.Header) && isJSON(other.Header) {
		if d, ok := r.compareJSON(legacy.Body, other.Body); ok {
			return d
		}
	}
	return Difference{Kind: Body, Where: firstByte(legacy.Body, other.Body)}
}

// sameHeader compares all lines of a header. Of a Content-Type the blanks, the order of
// its parameters and the case of the charset say nothing (RFC 9110, 8.3.1 and 8.3.2).
func sameHeader(name string, a, b []string) bool {
	if slices.Equal(a, b) {
		return true
	}
	if name != contentType || len(a) != 1 || len(b) != 1 {
		return false
	}
	typeA, paramsA, errA := mime.ParseMediaType(a[0])
	typeB, paramsB, errB := mime.ParseMediaType(b[0])
	lowerCharset(paramsA)
	lowerCharset(paramsB)
	return errA == nil && errB == nil && typeA == typeB && maps.Equal(paramsA, paramsB)
}

func lowerCharset(params map[string]string) {
	if charset, ok := params["charset"]; ok {
		params["charset"] = strings.ToLower(charset)
	}
}

func encoded(h http.Header) bool {
	return slices.ContainsFunc(h[contentEncoding], func(v string) bool { return !strings.EqualFold(v, "identity") })
}

func isJSON(h http.Header) bool {
	if len(h[contentType]) != 1 {
		return false
	}
	media, _, err := mime.ParseMediaType(h[contentType][0])
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

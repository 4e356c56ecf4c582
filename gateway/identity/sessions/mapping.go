package sessions

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"

	"ficus/gateway/identity"
)

const maxSubject = 255 // bytes

// principal maps a session. It is nil without a subject.
func (s *Source) principal(session *Session) (*identity.Principal, error) {
	value, _ := lookup(session.Values, s.options.Subject)
	id, err := subject(value)
	if err != nil || id == "" {
		return nil, err
	}
	if s.options.Issued != "" {
		value, _ := lookup(session.Values, s.options.Issued)
		issued, ok := moment(value)
		if !ok {
			return nil, refused("session does not say when it began")
		}
		if err := s.bound(session, issued); err != nil {
			return nil, err
		}
	}
	claims := map[string]any{"sub": id}
	for name, path := range s.options.Claims {
		if value, ok := lookup(session.Values, path); ok {
			claims[name] = value
		}
	}
	return &identity.Principal{ID: id, Claims: claims, Source: s.options.Name, Expires: session.Expires}, nil
}

// lookup follows a path of names and places. Names may hold dots: at each step the
// longest name that leads to a value wins.
func lookup(value any, path string) (any, bool) {
	switch v := value.(type) {
	case map[string]any:
		for end := len(path); end > 0; end = strings.LastIndexByte(path[:end], '.') {
			child, ok := v[path[:end]]
			if ok && end < len(path) {
				child, ok = lookup(child, path[end+1:])
			}
			if ok {
				return child, true
			}
		}
	case []any:
		place, rest, more := strings.Cut(path, ".")
		i, err := strconv.Atoi(place)
		if err != nil || i < 0 || i >= len(v) {
			return nil, false
		}
		if more {
			return lookup(v[i], rest)
		}
		return v[i], true
	}
	return nil, false
}

// subject makes an id of a value: a text or a whole number. What frameworks keep for
// guests (null, false, 0, "0" and the empty text) is none. A text that was not UTF-8
// in the session has lost bytes, so two users could share it: it is refused.
func subject(value any) (string, error) {
	var id string
	switch v := value.(type) {
	case nil:
		return "", nil
	case bool:
		if !v {
			return "", nil
		}
		return "", refused("subject is neither a text nor a whole number")
	case string:
		id = v
	case json.Number:
		if id = v.String(); strings.ContainsAny(id, ".eE") {
			return "", refused("subject is neither a text nor a whole number")
		}
	default:
		return "", refused("subject is neither a text nor a whole number")
	}
	if id == "0" || id == "-0" {
		return "", nil
	}
	if len(id) > maxSubject || strings.ContainsFunc(id, unfit) {
		return "", refused("subject is too long or holds bytes that none may")
	}
	return id, nil
}

func unfit(r rune) bool { return r == unicode.ReplacementChar || unicode.IsControl(r) }

// moment reads a time as [Options].Issued has it.
func moment(value any) (time.Time, bool) {
	switch v := value.(type) {
	case json.Number:
		n, err := v.Float64()
		return unix(n), err == nil && n > 0 && n < 1e15
	case float64:
		return unix(v), v > 0 && v < 1e15
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return unix(float64(n)), n > 0 && n < 1e15
		}
		t, err := time.Parse(time.RFC3339, v)
		return t, err == nil
	}
	return time.Time{}, false
}

// unix tells seconds from milliseconds by size: as seconds, 1e11 is the year 5138.
func unix(n float64) time.Time {
	if n < 1e11 {
		n *= 1000
	}
	return time.UnixMilli(int64(n))
}

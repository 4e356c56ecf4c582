package introspection

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode"

	"ficus/gateway/identity"
	"ficus/gateway/identity/internal/strictjson"
)

// question asks the monolith once. It is not retried: a client waits, and the next
// request asks again.
func (s *Source) question(session []pair) (*identity.Principal, error) {
	ctx, cancel := context.WithTimeout(s.closing, s.config.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.config.URL, nil)
	if err != nil {
		return nil, err
	}
	r.Host = s.config.Host
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Cookie", cookieHeader(session))
	// The transport itself follows no redirect: one to a login page is an answer.
	answer, err := s.config.Transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	switch code := answer.StatusCode; {
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code >= 300 && code < 400, code == http.StatusNoContent:
		return nil, nil
	case code != http.StatusOK:
		return nil, fmt.Errorf("the answer's status is %d", code)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the answer: %w", err)
	case len(text) > maxAnswer:
		return nil, fmt.Errorf("the answer has more than %d bytes", maxAnswer)
	}
	return s.read(text)
}

const maxAnswer = 64 << 10 // bytes

// read returns the principal that an answer tells of, nil for nobody: where the path to
// the subject leads nowhere, or to null, false or an empty text.
func (s *Source) read(text []byte) (*identity.Principal, error) {
	answer, err := strictjson.Object(text)
	if err != nil {
		return nil, fmt.Errorf("the answer: %w", err)
	}
	id, err := subject(at(answer, s.config.Subject))
	if err != nil || id == "" {
		return nil, err
	}
	claims := map[string]any{"sub": id}
	for claim, path := range s.config.Claims {
		if v := at(answer, path); v != nil {
			claims[claim] = v
		}
	}
	return &identity.Principal{ID: id, Claims: claims, Source: s.config.Name}, nil
}

// at returns what stands at a path, nil where nothing does.
func at(answer map[string]any, path string) any {
	for {
		name, rest, more := strings.Cut(path, ".")
		v := answer[name]
		if !more {
			return v
		}
		inner, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		answer, path = inner, rest
	}
}

const maxSubject = 1024 // bytes

func subject(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case bool:
		if !v {
			return "", nil
		}
	case string:
		if len(v) <= maxSubject && !strings.ContainsFunc(v, unicode.IsControl) {
			return v, nil
		}
	case json.Number:
		// One number, one spelling: 1, 1.0 and 1e0 would be three principals.
		if text := v.String(); len(text) <= maxSubject && !strings.ContainsAny(text, ".eE") && text != "-0" {
			return text, nil
		}
	}
	return "", errors.New("the answer's subject is neither a text without control characters nor a whole number, or it is too long")
}

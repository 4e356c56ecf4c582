package authz

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// inputJSON is an input as policies see it, in the order of the manual.
type inputJSON struct {
	Method   string   `json:"method"`
	Host     string   `json:"host"`
	Path     string   `json:"path"`
	Segments []string `json:"segments"`
	Route    struct {
		ID    string `json:"id"`
		Group string `json:"group"`
		Stage string `json:"stage"`
		Side  string `json:"side"`
	} `json:"route"`
	Params    map[string]string   `json:"params"`
	ClientIP  string              `json:"client_ip"`
	Headers   map[string][]string `json:"headers"`
	Principal principalJSON       `json:"principal"`
	Body      json.RawMessage     `json:"body,omitempty"`
	BodyState BodyState           `json:"body_state"`
}

type principalJSON struct {
	Anonymous *bool          `json:"anonymous"`
	ID        string         `json:"id"`
	Source    string         `json:"source"`
	Claims    map[string]any `json:"claims"`
}

// MarshalJSON writes the input as policies see it.
func (in *Input) MarshalJSON() ([]byte, error) {
	p := in.Principal
	j := inputJSON{
		Method: in.Method, Host: in.Host, Path: in.Path, Segments: orEmptyList(in.Segments),
		Params: orEmptyMap(in.Params), ClientIP: in.ClientIP, Headers: orEmptyMap(in.Headers), BodyState: in.BodyState,
		Principal: principalJSON{&p.Anonymous, p.ID, p.Source, orEmptyMap(p.Claims)},
	}
	j.Route.ID, j.Route.Group, j.Route.Stage, j.Route.Side = in.Route, in.Group, in.Stage, in.Side
	if in.BodyState == BodyWhole {
		body, err := plainJSON(in.Body)
		if err != nil {
			return nil, err
		}
		j.Body = body
	}
	return plainJSON(j)
}

// plainJSON leaves "<", ">" and "&" as they are: who puts it on a page escapes it there.
func plainJSON(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return bytes.TrimSpace(b.Bytes()), err
}

func orEmptyList(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func orEmptyMap[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

// UnmarshalJSON reads what MarshalJSON wrote, or a person. What is left out is empty; a
// principal is anonymous unless it says otherwise or has an id, and a body is whole
// unless body_state says otherwise. Unknown keys are errors.
func (in *Input) UnmarshalJSON(text []byte) error {
	var j inputJSON
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&j); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	*in = Input{
		Method: j.Method, Host: j.Host, Path: j.Path, Segments: j.Segments,
		Route: j.Route.ID, Group: j.Route.Group, Stage: j.Route.Stage, Side: j.Route.Side,
		Params: j.Params, ClientIP: j.ClientIP, Headers: j.Headers, BodyState: j.BodyState,
		Principal: Principal{Anonymous: j.Principal.ID == "", ID: j.Principal.ID, Source: j.Principal.Source, Claims: j.Principal.Claims},
	}
	if j.Principal.Anonymous != nil {
		in.Principal.Anonymous = *j.Principal.Anonymous
	}
	return in.readBody(j.Body)
}

func (in *Input) readBody(body json.RawMessage) error {
	switch in.BodyState {
	case BodyNotAsked:
		if body == nil {
			return nil
		}
		in.BodyState = BodyWhole
	case BodyWhole:
		if body == nil {
			return errors.New(`body_state "whole", and no body`)
		}
	case BodyEmpty, BodyTooLarge, BodyMalformed, BodyUnread:
		if body != nil {
			return fmt.Errorf("body_state %q, and a body", in.BodyState)
		}
		return nil
	default:
		return fmt.Errorf("unknown body_state %q", in.BodyState)
	}
	return json.Unmarshal(body, &in.Body)
}

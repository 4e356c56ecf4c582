package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"

	"ficus/gateway/authz"
	"ficus/gateway/routetable"
)

// A Recorded is an input that a policy once had, or might have.
type Recorded struct {
	Policy string
	Input  *authz.Input
	Allow  *bool // what was decided, where that is known
}

// Inputs are what was read for a benchmark.
type Inputs struct {
	List    []Recorded
	Skipped int // lines of a log that are of something else, or masked
	Partial int // lines of a log whose claims are known by their names alone
	Made    int // examples made of routes
}

// A Reader reads recorded inputs: JSON values, one after the other. Each is an input as
// policies see it, an object of an input and its policy, {"policy": …, "input": …}, or a
// line of the gateway's log of decisions. Such a line has no values of claims and no
// parameters: the claims are those of the reader, the parameters come from the routes.
type Reader struct {
	Policy string            // of inputs that name none
	Table  *routetable.Table // may be nil
	Claims map[string]any    // values of claims that a line of a log names
}

// maxInputs bounds how many inputs are read.
const maxInputs = 100_000

// line is a JSON value that may be any of the three.
type line struct {
	Policy    string          `json:"policy"`
	Input     json.RawMessage `json:"input"`
	Cause     *string         `json:"cause"`
	Allow     *bool           `json:"allow"`
	Route     json.RawMessage `json:"route"`
	Method    string          `json:"method"`
	Host      string          `json:"host"`
	Path      string          `json:"path"`
	ClientIP  string          `json:"client_ip"`
	Principal json.RawMessage `json:"principal"`
}

// Read adds what a file holds; its name is for errors.
func (r *Reader) Read(to *Inputs, from io.Reader, name string) error {
	d := json.NewDecoder(from)
	for n := 1; len(to.List) < maxInputs; n++ {
		var text json.RawMessage
		err := d.Decode(&text)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = r.add(to, text)
		}
		if err != nil {
			return fmt.Errorf("%s, input %d: %w", name, n, err)
		}
	}
	return nil
}

func (r *Reader) add(to *Inputs, text json.RawMessage) error {
	if !bytes.HasPrefix(text, []byte("{")) {
		return errors.New("it is no JSON object")
	}
	var l line
	wrong := json.Unmarshal(text, &l)
	if l.Input == nil && l.Cause == nil && l.Policy == "" { // an input and nothing around it
		l = line{Input: text}
	} else if wrong != nil {
		return wrong
	}
	if l.Policy == "" {
		l.Policy = r.Policy
	}
	switch {
	case l.Policy == "":
		return errors.New("it names no policy: give --policy")
	case l.Input == nil:
		return r.addLogged(to, &l)
	}
	in := new(authz.Input)
	if err := json.Unmarshal(l.Input, in); err != nil {
		return err
	}
	if in.Segments == nil {
		in.Segments = routetable.Segments(in.Path)
	}
	to.List = append(to.List, Recorded{l.Policy, in, l.Allow})
	return nil
}

// addLogged adds what a line of the log of decisions still tells of the input.
func (r *Reader) addLogged(to *Inputs, l *line) error {
	var id string
	var who struct {
		ID     string   `json:"id"`
		Source string   `json:"source"`
		Claims []string `json:"claims"`
	}
	if l.Cause == nil || json.Unmarshal(l.Route, &id) != nil || json.Unmarshal(l.Principal, &who) != nil || l.Path == "" || l.Path[0] != '/' {
		to.Skipped++
		return nil
	}
	in := &authz.Input{
		Method: l.Method, Host: l.Host, Path: l.Path, Segments: routetable.Segments(l.Path), ClientIP: l.ClientIP, Route: id,
		Principal: authz.Principal{Anonymous: who.ID == "", ID: who.ID, Source: who.Source, Claims: map[string]any{}},
	}
	partial := false
	for _, name := range who.Claims {
		value, known := r.Claims[name]
		if !known && name == "sub" {
			value, known = who.ID, true
		}
		in.Principal.Claims[name] = value
		partial = partial || !known
	}
	if partial {
		to.Partial++
	}
	r.route(in)
	to.List = append(to.List, Recorded{l.Policy, in, l.Allow})
	return nil
}

// route fills in what the route says.
func (r *Reader) route(in *authz.Input) {
	if r.Table == nil {
		return
	}
	for _, e := range r.Table.Entries {
		if e.ID == in.Route {
			in.Group, in.Stage = e.Group, e.Stage.String()
			in.Side = e.Sides()[0].String()
			in.Params = maps.Clone(e.Pattern.Params(in.Path))
		}
	}
}
